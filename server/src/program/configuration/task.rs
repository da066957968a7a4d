//! What the program can be asked to do: the commands, with what each takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, value_parser};
use clap_complete::Shell;
use rtbroadcaster_protocol::RoomId;

use crate::client::Address;

/// What the program should do.
#[derive(Debug, Clone, PartialEq)]
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
    /// Ask the server that has this configuration how it is.
    Health(HealthTask),
    /// Make or check a token.
    Token(TokenTask),
    /// Append lines to a room, as actions.
    Publish(PublishTask),
    /// Print what is sent in a room.
    Follow(FollowTask),
    /// Play a recording into a new room.
    Replay(ReplayTask),
    /// Print the completions for a shell.
    Completions(Shell),
    /// Write the manual's pages into a folder.
    Manual(PathBuf),
}

/// What to do with a store. It needs the setting `server.data` and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoreTask {
    /// List its rooms.
    Rooms { json: bool },
    /// Print what it has of a room.
    Export { room: String },
    /// Delete a room.
    Forget { room: String },
}

/// What to ask a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HealthTask {
    /// Whether it takes clients, instead of whether it lives.
    pub(crate) ready: bool,
    /// How long it may take.
    pub(crate) timeout: Duration,
}

/// What to do with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenTask {
    /// Sign a JSON web token with the secret of the configuration.
    New { create: bool, join: bool, room: Option<String>, subject: Option<String>, lifetime_s: u64 },
    /// Say what a server with this configuration lets the bearer of a token do.
    Check { room: Option<String> },
    /// Make a random text for a setting that is a secret.
    Secret,
}

/// Where to publish, and as which session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublishTask {
    pub(crate) room: String,
    pub(crate) url: Address,
    /// The session's name, if it is not a new one.
    pub(crate) session: Option<String>,
    /// The number of the first line within the session.
    pub(crate) first_id: u64,
}

/// Which room to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FollowTask {
    pub(crate) room: String,
    pub(crate) url: Address,
}

/// What to play, and where.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReplayTask {
    pub(crate) file: PathBuf,
    pub(crate) url: Address,
    /// How many times faster than it was recorded.
    pub(crate) speed: f64,
}

impl Task {
    /// Whether it is done with the server's settings.
    pub(super) fn takes_settings(&self) -> bool {
        !matches!(
            self,
            Self::Publish(_) | Self::Follow(_) | Self::Replay(_) | Self::Completions(_) | Self::Manual(_)
        )
    }

    /// Whether settings must not contradict each other for it, because it serves them or speaks of
    /// them.
    pub(super) fn keeps_rules(&self) -> bool {
        matches!(self, Self::Serve | Self::Config | Self::Example | Self::Check)
    }

    /// The task that the command of this name stands for. clap lets no other name come here.
    pub(super) fn of(name: &str, matches: &ArgMatches) -> Self {
        match name {
            "config" if matches.get_flag("example") => Self::Example,
            "config" => Self::Config,
            "check" => Self::Check,
            "rooms" => Self::Store(StoreTask::Rooms { json: matches.get_flag("json") }),
            "export" => Self::Store(StoreTask::Export { room: text(matches, "uuid") }),
            "forget" => Self::Store(StoreTask::Forget { room: text(matches, "uuid") }),
            "health" => Self::Health(HealthTask {
                ready: matches.get_flag("ready"),
                timeout: Duration::from_millis(number(matches, "timeout-ms")),
            }),
            "token" => Self::Token(TokenTask::of(matches)),
            "publish" => Self::Publish(PublishTask {
                room: text(matches, "uuid"),
                url: url(matches),
                session: matches.get_one("session").cloned(),
                first_id: number(matches, "first-id"),
            }),
            "follow" => Self::Follow(FollowTask { room: text(matches, "uuid"), url: url(matches) }),
            "replay" => Self::Replay(ReplayTask {
                file: matches.get_one("file").cloned().expect("clap wants one"),
                url: url(matches),
                speed: *matches.get_one("speed").expect("it has a default"),
            }),
            "completions" => Self::Completions(*matches.get_one("shell").expect("clap wants one")),
            "manual" => Self::Manual(matches.get_one("folder").cloned().expect("clap wants one")),
            other => unreachable!("clap knows no command {other}"),
        }
    }
}

impl TokenTask {
    fn of(matches: &ArgMatches) -> Self {
        match matches.subcommand() {
            Some(("new", matches)) => Self::New {
                create: matches.get_flag("create"),
                join: matches.get_flag("join"),
                room: matches.get_one("room").cloned(),
                subject: matches.get_one("subject").cloned(),
                lifetime_s: number(matches, "lifetime-s"),
            },
            Some(("check", matches)) => Self::Check { room: matches.get_one("room").cloned() },
            _ => Self::Secret,
        }
    }
}

/// A text that clap requires.
fn text(matches: &ArgMatches, name: &str) -> String {
    matches.get_one::<String>(name).cloned().unwrap_or_default()
}

/// A number that has a default.
fn number(matches: &ArgMatches, name: &str) -> u64 {
    *matches.get_one(name).expect("it has a default")
}

/// Where the rooms are.
fn url(matches: &ArgMatches) -> Address {
    matches.get_one("url").cloned().expect("it has a default")
}

/// Every command, with whether it takes the settings as flags too.
pub(super) fn commands() -> Vec<(Command, bool)> {
    let with_settings = [config(), check()].into_iter().chain(store()).chain([health(), token()]);
    let without = [publish(), follow(), replay(), completions(), manual()];
    with_settings.map(|command| (command, true)).chain(without.map(|command| (command, false))).collect()
}

fn config() -> Command {
    let example = Arg::new("example").long("example").action(ArgAction::SetTrue);
    Command::new("config")
        .about("Print the configuration as TOML, with where each value comes from")
        .arg(example.help("Print a file with every setting, its explanation and its default instead"))
}

fn check() -> Command {
    Command::new("check")
        .about(
            "Say what is wrong with the configuration, as the server would take it here. With --nats also ask the \
             cluster, and say what a server would do there at its start: exit code 1 if it couldn't start",
        )
        .arg(Arg::new("file").value_name("FILE").help("The configuration file, if there is one"))
}

/// The commands that look into a store.
fn store() -> [Command; 3] {
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

fn health() -> Command {
    let ready = Arg::new("ready").long("ready").action(ArgAction::SetTrue);
    let timeout = Arg::new("timeout-ms").long("timeout-ms").value_name("MS").default_value("5000");
    Command::new("health")
        .about(
            "Ask the server of this configuration, on this machine, whether it is well: exit code 0 if it \
             is, 1 if it isn't or doesn't answer",
        )
        .arg(ready.help("Ask whether it takes clients (/readyz) instead of whether it lives (/healthz)"))
        .arg(timeout.value_parser(value_parser!(u64).range(1..)).help("How long the answer may take"))
}

fn token() -> Command {
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let value = |name: &'static str, value: &'static str| Arg::new(name).long(name).value_name(value);
    let new = Command::new("new")
        .about(
            "Print a JSON web token that is signed with jwt-secret, for the first of jwt-issuer and of \
             jwt-audience",
        )
        .arg(flag("create").help("Its bearer may open rooms, and claim them with their owner key"))
        .arg(flag("join").help("Its bearer may follow rooms"))
        .group(ArgGroup::new("claims").args(["create", "join"]).required(true).multiple(true))
        .arg(value("room", "UUID").help("It holds for this room only"))
        .arg(value("subject", "NAME").help("Who its bearer is, for the log (sub)"))
        .arg(
            value("lifetime-s", "SECONDS")
                .default_value("3600")
                .value_parser(value_parser!(u64).range(1..=MAX_LIFETIME_S))
                .help("After how many seconds it ends (exp)"),
        );
    let check = Command::new("check")
        .about(
            "Read a token from standard input and say what a server with this configuration lets its bearer \
             do: exit code 0 if it is accepted, 1 if not",
        )
        .arg(value("room", "UUID").help("Say it for this room, instead of for the one that the token names"));
    let secret = Command::new("secret")
        .about("Print a random text of 192 bits, to be an API key, jwt-secret or the administration's token");
    Command::new("token")
        .about("Make a token, or check one")
        .subcommand_required(true)
        .subcommands([new, check, secret])
}

/// A hundred years: any longer, and somebody has mistaken the unit.
const MAX_LIFETIME_S: u64 = 3_153_600_000;

/// Where a room is, and which.
fn of_a_room(command: Command) -> Command {
    let room = Arg::new("uuid").value_name("UUID").required(true).value_parser(room_id).help("The room");
    command.arg(room).arg(url_argument())
}

/// Where the rooms are.
fn url_argument() -> Arg {
    let url = Arg::new("url").long("url").value_name("URL").value_parser(value_parser!(Address));
    url.default_value("http://127.0.0.1:8080/broadcasting")
        .help("Where the rooms are: http, https, ws or wss, and the path that --path of the server says")
}

/// A uuid. What is none would change the path of the request.
fn room_id(text: &str) -> Result<String, String> {
    RoomId::parse(text).map(|id| id.to_string()).ok_or_else(|| "it is no uuid".to_owned())
}

fn publish() -> Command {
    let session = Arg::new("session").long("session").value_name("NAME");
    let first_id = Arg::new("first-id").long("first-id").value_name("NUMBER").default_value("1");
    of_a_room(Command::new("publish"))
        .about(
            "Append each line of standard input to a room as an action (JSON), in order and once, and print what \
             became of it; a lost connection comes back",
        )
        .arg(session.help("Publish as this session, to go on with it or to repeat lines without harm [default: a new one]"))
        .arg(
            first_id
                .value_parser(value_parser!(u64).range(1..))
                .help("The number of the first line in the session: one that was answered before is not appended again"),
        )
        .after_help(
            "The owner key is taken from the environment only [env: RTBROADCASTER_OWNER_KEY], and so is a token \
             [env: RTBROADCASTER_TOKEN]. The exit code is 1 if a line was refused.",
        )
}

fn follow() -> Command {
    of_a_room(Command::new("follow"))
        .about(
            "Print what is sent in a room, a message (JSON) on each line, each action once, until the room is \
             closed; a lost connection comes back",
        )
        .after_help("A token is taken from the environment only [env: RTBROADCASTER_TOKEN].")
}

fn replay() -> Command {
    let file = Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf));
    let speed = Arg::new("speed").long("speed").value_name("TIMES").default_value("1");
    Command::new("replay")
        .about(
            "Open a room and play a recording into it, print the room's uuid (JSON), and close the room at the end \
             of the recording",
        )
        .arg(file.help("The recording"))
        .arg(url_argument())
        .arg(speed.value_parser(speed_of).help("How many times faster than it was recorded"))
        .after_help(
            "A token is taken from the environment only [env: RTBROADCASTER_TOKEN]. The exit code is 1 if an \
             action was refused.",
        )
}

/// A number that makes a recording of any length last as long as a clock can tell.
fn speed_of(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed: &f64| (0.001..=1_000_000.0).contains(speed));
    speed.ok_or_else(|| "it must be a number from 0.001 to 1000000".to_owned())
}

fn completions() -> Command {
    Command::new("completions")
        .about("Print a script with which a shell completes this program's arguments")
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .required(true)
                .value_parser(value_parser!(Shell))
                .help("The shell"),
        )
}

fn manual() -> Command {
    Command::new("manual")
        .about("Write the pages of this manual for `man` into a folder: rtbroadcaster.1, and one for each command")
        .arg(
            Arg::new("folder")
                .value_name("FOLDER")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("The folder, which must be there"),
        )
}
