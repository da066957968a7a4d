//! The program. All its code is in the library.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    rtbroadcaster_bench::run_program()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("error: the benchmark needs Linux: it reads in /proc what a process takes");
    ExitCode::FAILURE
}
