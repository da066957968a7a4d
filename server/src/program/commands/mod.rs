//! The commands that serve nothing. Each prints what it finds to standard output, and one error to
//! standard error.

mod check;
mod follow;
mod health;
mod manual;
mod publish;
mod replay;
mod stored_rooms;
mod token;

use std::fmt;
use std::process::ExitCode;

pub(crate) use check::run as check;

use crate::MISUSE;
use crate::configuration::{Configuration, Task};

/// Carries out a command that is not about a server's settings. None if the task is another.
pub(crate) fn run_without_settings(task: &Task) -> Option<ExitCode> {
    match task {
        Task::Publish(task) => Some(ended(publish::run(task))),
        Task::Follow(task) => Some(ended(follow::run(task))),
        Task::Replay(task) => Some(ended(replay::run(task))),
        Task::Completions(shell) => Some(manual::print_completions(*shell)),
        Task::Manual(folder) => Some(ended(manual::write_pages(folder))),
        _ => None,
    }
}

/// Carries out a command with these settings.
pub(crate) fn run(task: &Task, configuration: &Configuration) -> ExitCode {
    match task {
        Task::Store(task) => match &configuration.data {
            Some(directory) => stored_rooms::run(task, directory),
            None => misuse("--data: name the directory of the store"),
        },
        Task::Health(task) => health::run(task, configuration),
        Task::Token(task) => token::run(task, configuration),
        // These are done before settings are read, or by main.
        Task::Serve | Task::Config | Task::Example | Task::Check => ExitCode::SUCCESS,
        Task::Publish(_) | Task::Follow(_) | Task::Replay(_) => ExitCode::SUCCESS,
        Task::Completions(_) | Task::Manual(_) => ExitCode::SUCCESS,
    }
}

/// The variable with a room's owner key.
const OWNER_KEY: &str = "RTBROADCASTER_OWNER_KEY";

/// The variable with a token, for a server that asks for one.
const TOKEN: &str = "RTBROADCASTER_TOKEN";

/// The variables that are no settings of the server.
pub(crate) const VARIABLES: [&str; 2] = [OWNER_KEY, TOKEN];

/// A secret of the environment. One that is set to nothing counts as not set.
fn environment(name: &str) -> anyhow::Result<Option<String>> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty());
    value.map(|value| value.into_string().map_err(|_| anyhow::anyhow!("{name}: is not UTF-8"))).transpose()
}

/// The exit code of a command, whose failure is told.
fn ended<E: fmt::Display>(result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The command can't be carried out as it was given.
fn misuse(message: impl fmt::Display) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(MISUSE)
}
