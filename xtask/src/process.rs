//! Running other programs, with errors that say which one failed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// Prints which step begins. It prints to stderr, like cargo, so that the two stay in order.
pub(crate) fn say(what: &str) {
    eprintln!("==> {what}");
}

/// Runs a command with this process's stdin, stdout and stderr.
pub(crate) fn execute(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", shown(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs a command and returns what it printed to stdout, trimmed.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("cannot start {}", shown(command)))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed ({}): {}", shown(command), output.status, stderr.trim());
    }
    let stdout = String::from_utf8(output.stdout)
        .with_context(|| format!("{} printed what is not UTF-8", shown(command)))?;
    Ok(stdout.trim().to_owned())
}

/// The program that an environment variable names, otherwise the first of `names` on PATH.
pub(crate) fn find(variable: &str, names: &[&str]) -> anyhow::Result<Option<PathBuf>> {
    if let Some(path) = env::var_os(variable).filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        if !path.is_file() {
            bail!("{variable} names {}, which is not there", path.display());
        }
        return Ok(Some(path));
    }
    Ok(names.iter().find_map(|name| on_path(name)))
}

/// The path of a program on PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(&file)).find(|path| path.is_file())
}

/// The command as a user would type it, without the program's folder.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    format!("`{}`", words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" "))
}
