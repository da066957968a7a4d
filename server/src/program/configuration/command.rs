//! The command line: the task and the flags. clap reads it.

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::setting::Setting;
use super::settings;
use super::source::Source;
use super::value::{Given, Shown};

/// The variable that names the configuration file if no flag does.
pub(super) const CONFIG_VARIABLE: &str = "RTBROADCASTER_CONFIG";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invocation {
    pub(crate) task: Task,
    /// The configuration file, if the command line names one.
    pub(crate) file: Option<String>,
    /// What the flags set, by the settings' keys.
    pub(crate) flags: Vec<(String, Given, Source)>,
}

/// What the program should do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Serve rooms until a signal ends it.
    Serve,
    /// Print the configuration.
    Config,
    /// Print a file with every setting, its explanation and its default.
    Example,
    /// Check the configuration.
    Check,
    /// Look into a store.
    Store(StoreTask),
}

/// What to do with a store. It needs the setting `server.data` and no other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StoreTask {
    /// List its rooms.
    Rooms { json: bool },
    /// Print what it has of a room.
    Export { room: String },
    /// Delete a room.
    Forget { room: String },
}

impl Invocation {
    /// Reads the arguments of this process. Ends the process if they are wrong or ask for help.
    pub(crate) fn from_arguments() -> Self {
        Self::from_matches(&command().get_matches())
    }

    fn from_matches(matches: &ArgMatches) -> Self {
        let (task, matches) = match matches.subcommand() {
            Some(("config", matches)) if matches.get_flag("example") => (Task::Example, matches),
            Some(("config", matches)) => (Task::Config, matches),
            Some(("check", matches)) => (Task::Check, matches),
            Some(("rooms", matches)) => {
                (Task::Store(StoreTask::Rooms { json: matches.get_flag("json") }), matches)
            }
            Some(("export", matches)) => (Task::Store(StoreTask::Export { room: room(matches) }), matches),
            Some(("forget", matches)) => (Task::Store(StoreTask::Forget { room: room(matches) }), matches),
            _ => (Task::Serve, matches),
        };
        let named = match task {
            Task::Check => matches.get_one::<String>("file"),
            Task::Serve | Task::Config | Task::Example | Task::Store(_) => {
                matches.get_one::<String>("config")
            }
        };
        let flags = settings::all().filter(|setting| !setting.is_secret).filter_map(|setting| {
            let words = matches.get_many::<String>(setting.name)?.cloned().collect();
            Some((setting.key(), Given::Words(words), Source::Flag(setting.flag())))
        });
        Self { task, file: named.cloned(), flags: flags.collect() }
    }
}

/// The room that a command is about. clap requires it.
fn room(matches: &ArgMatches) -> String {
    matches.get_one::<String>("uuid").cloned().unwrap_or_default()
}

/// The command line for clap, made from the list of settings.
fn command() -> Command {
    let file = Arg::new("config").long("config").value_name("FILE").global(true).help(format!(
        "Take settings from this file (TOML). Flags win over environment variables, and both over the file [env: \
         {CONFIG_VARIABLE}]"
    ));
    let example = Arg::new("example").long("example").action(ArgAction::SetTrue);
    let config = Command::new("config")
        .about("Print the configuration as TOML, with where each value comes from")
        .arg(example.help("Print a file with every setting, its explanation and its default instead"));
    let check = Command::new("check")
        .about("Say what is wrong with a configuration file, as the server would take it here")
        .arg(Arg::new("file").value_name("FILE").required(true).conflicts_with("config").help("The file"));
    Command::new("rtbroadcaster")
        .version(env!("CARGO_PKG_VERSION"))
        .about("One page drives, every other page follows: the server that holds the rooms")
        .after_help(after_help())
        .max_term_width(110)
        .arg(file)
        .args(settings::all().filter(|setting| !setting.is_secret).map(flag))
        .subcommand(config)
        .subcommand(check)
        .subcommands(store_commands())
}

/// The commands that look into a store.
fn store_commands() -> [Command; 3] {
    let json = Arg::new("json").long("json").action(ArgAction::SetTrue);
    let room = || Arg::new("uuid").value_name("UUID").required(true).help("The room");
    [
        Command::new("rooms")
            .about("List the rooms in a store (--data), also while a server has it")
            .arg(json.help("Print JSON instead of a table")),
        Command::new("export")
            .about("Print a room of a store (--data) as lines of JSON, also while a server has it")
            .arg(room()),
        Command::new("forget")
            .about("Delete a room from a store (--data), damaged or not, while no server has it")
            .arg(room()),
    ]
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
        .global(true)
}

#[cfg(test)]
mod tests {
    use super::*;

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
