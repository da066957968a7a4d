//! Puts one fault after another into the protocol, and fails if the simulation misses any.

use std::process::ExitCode;

use rtbroadcaster_tests::sim::mutants::try_all;

fn main() -> ExitCode {
    let verdicts = try_all(|verdict| println!("{verdict}"));
    let survivors = verdicts.iter().filter(|verdict| verdict.found.is_none()).count();
    println!("{} of {} faults caught", verdicts.len() - survivors, verdicts.len());
    if survivors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
