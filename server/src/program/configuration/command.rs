//! The command line: the task and the flags. clap reads it.

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::setting::Setting;
use super::settings;
use super::source::Source;
use super::task::{self, Task};
use super::value::{Given, Shown};

/// The variable that names the configuration file if no flag does.
pub(super) const CONFIG_VARIABLE: &str = "RTBROADCASTER_CONFIG";

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub(crate) struct Invocation {
    pub(crate) task: Task,
    /// The configuration file, if the command line names one.
    pub(crate) file: Option<String>,
    /// What the flags set, by the settings' keys.
    pub(crate) flags: Vec<(String, Given, Source)>,
}

impl Invocation {
    /// Reads the arguments of this process. Ends the process if they are wrong or ask for help.
    pub(crate) fn from_arguments() -> Self {
        let mut command = command();
        let invocation = Self::from_matches(&command.get_matches_mut());
        if !invocation.task.takes_settings() && (invocation.file.is_some() || !invocation.flags.is_empty()) {
            command.error(ErrorKind::ArgumentConflict, "this command takes no settings of the server").exit();
        }
        invocation
    }

    fn from_matches(matches: &ArgMatches) -> Self {
        let command = matches.subcommand();
        let task = command.map_or(Task::Serve, |(name, matches)| Task::of(name, matches));
        // Settings may stand before the command and after it, where they count more. Those of a
        // command that has commands stand after the last one.
        let mut levels = vec![matches];
        while let Some((_, deeper)) = levels.last().and_then(|matches| matches.subcommand()) {
            levels.push(deeper);
        }
        let flags = levels.iter().flat_map(|matches| flags(matches)).collect();
        let name = if task == Task::Check { "file" } else { "config" };
        let mut files = levels.iter().rev().filter_map(|matches| {
            let named = matches.try_get_one::<String>(name).ok().flatten();
            named.cloned()
        });
        Self { file: files.next(), flags, task }
    }
}

/// What the flags of one level set.
fn flags(matches: &ArgMatches) -> impl Iterator<Item = (String, Given, Source)> {
    settings::all().filter(|setting| !setting.is_secret).filter_map(|setting| {
        let words = matches.try_get_many::<String>(setting.name).ok()??.cloned().collect();
        Some((setting.key(), Given::Words(words), Source::Flag(setting.flag())))
    })
}

/// The whole command line.
pub(crate) fn command() -> Command {
    let commands = task::commands().into_iter();
    let commands = commands
        .map(|(command, takes_settings)| if takes_settings { with_settings(command) } else { command });
    let program = program().subcommands(commands);
    // The file is named by its place there.
    program.mut_subcommand("check", |check| check.mut_arg("file", |file| file.conflicts_with("config")))
}

/// The command line as the manual shows it: the settings stand in one place only.
pub(crate) fn manual() -> Command {
    program().subcommands(task::commands().into_iter().map(|(command, _)| command))
}

/// The command line without its commands.
fn program() -> Command {
    let program = Command::new("rtbroadcaster")
        .version(env!("CARGO_PKG_VERSION"))
        .about("One page drives, every other page follows: the server that holds the rooms")
        .after_help(after_help())
        .max_term_width(110);
    settings_of(program)
}

/// A command whose settings may be given as flags. If it has commands, these take them.
fn with_settings(command: Command) -> Command {
    let names: Vec<_> = command.get_subcommands().map(|deeper| deeper.get_name().to_owned()).collect();
    if names.is_empty() {
        return settings_of(command);
    }
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, settings_of))
}

fn settings_of(command: Command) -> Command {
    let file = Arg::new("config").long("config").value_name("FILE").help(format!(
        "Take settings from this file (TOML). Flags win over environment variables, and both over the file [env: \
         {CONFIG_VARIABLE}]"
    ));
    command.arg(file).args(settings::all().filter(|setting| !setting.is_secret).map(flag))
}

fn after_help() -> String {
    let secrets = settings::all().filter(|setting| setting.is_secret);
    let secrets: Vec<_> =
        secrets.map(|setting| format!("{} [env: {}]", setting.key(), setting.variable())).collect();
    format!(
        "Without a command it serves. Secrets are taken from the file and the environment only: {}.",
        secrets.join(", ")
    )
}

fn flag(setting: &Setting) -> Arg {
    let default = match setting.default() {
        Shown::Nothing => String::new(),
        Shown::List(list) if list.is_empty() => String::new(),
        Shown::List(list) => format!(" [default: {}]", list.join(",")),
        Shown::Text(text) => format!(" [default: {text}]"),
        Shown::Number(number) => format!(" [default: {number}]"),
    };
    Arg::new(setting.name)
        .long(setting.name)
        .value_name(setting.value_name)
        .help_heading(setting.section.heading())
        .help(format!("{}{default} [env: {}]", setting.help, setting.variable()))
        .action(if setting.kind.is_list() { ArgAction::Append } else { ArgAction::Set })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::StoreTask;

    fn read(arguments: &[&str]) -> Invocation {
        Invocation::from_matches(&command().try_get_matches_from(arguments).unwrap())
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn flags_are_taken_before_and_after_a_command() {
        for arguments in [["rtbroadcaster", "--rooms=5", "config"], ["rtbroadcaster", "config", "--rooms=5"]]
        {
            let invocation = read(&arguments);
            assert_eq!(invocation.task, Task::Config);
            let rooms = (
                "limits.rooms".to_owned(),
                Given::Words(vec!["5".to_owned()]),
                Source::Flag("--rooms".to_owned()),
            );
            assert_eq!(invocation.flags, [rooms]);
        }
    }

    #[test]
    fn commands_on_a_store_name_their_room() {
        let export = read(&["rtbroadcaster", "export", "abc", "--data=rooms"]);
        assert_eq!(export.task, Task::Store(StoreTask::Export { room: "abc".to_owned() }));
        assert_eq!(export.flags.len(), 1);
        let list = read(&["rtbroadcaster", "rooms", "--json"]);
        assert_eq!(list.task, Task::Store(StoreTask::Rooms { json: true }));
        assert!(command().try_get_matches_from(["rtbroadcaster", "forget"]).is_err());
    }

    #[test]
    fn no_flag_takes_a_secret() {
        for setting in settings::all().filter(|setting| setting.is_secret) {
            let flag = setting.flag();
            assert!(command().try_get_matches_from(["rtbroadcaster", &flag, "x"]).is_err(), "{flag}");
        }
    }
}
