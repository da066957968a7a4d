//! The program's arguments, as they are given; what they mean is decided in `main`.

#![allow(clippy::doc_markdown, reason = "these comments are the text of --help")]
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser};
use rtbroadcaster::{Limits, OriginPolicy, Settings};
use tracing_subscriber::filter::{LevelFilter, Targets};

/// One page drives, every other page follows: the server that holds the rooms.
///
/// Every option can also be set by the environment variable named beside it.
#[derive(Debug, Parser)]
#[command(name = "rtbroadcaster", version, max_term_width = 110)]
pub(crate) struct Arguments {
    /// Address and port to listen on; port 0 picks a free one. 0.0.0.0 listens on all interfaces, a port alone on this
    /// machine only
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", env = "RTBROADCASTER_LISTEN")]
    #[arg(value_parser = listen_address)]
    pub(crate) listen: SocketAddr,

    /// Path of the websocket endpoint
    #[arg(long, value_name = "PATH", default_value = "/broadcasting", env = "RTBROADCASTER_PATH")]
    #[arg(value_parser = endpoint_path)]
    pub(crate) path: String,

    /// Also serve the files of this directory, and whatever symbolic links in it lead to
    #[arg(long, value_name = "DIR", env = "RTBROADCASTER_WWW", value_parser = directory)]
    www: Option<PathBuf>,

    /// Pages of this origin may connect too, as https://example.org; * allows every origin. May be given several
    /// times, or with commas. The server's own host and programs without Origin always may
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',', env = "RTBROADCASTER_ALLOW_ORIGIN")]
    pub(crate) allow_origin: Vec<OriginPolicy>,

    /// What to log: error, warn, info, debug or trace, also by module, as info,rtbroadcaster=debug
    #[arg(long, value_name = "LEVEL", default_value = "info", env = "RTBROADCASTER_LOG")]
    #[arg(value_parser = log_targets)]
    pub(crate) log: Targets,

    #[command(flatten)]
    limits: LimitArguments,
}

/// The same names as the fields of [`Limits`], which say what each is for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
struct LimitArguments {
    /// Websockets at a time; above it an upgrade is answered by HTTP 503
    #[arg(long, value_name = "NUMBER", default_value_t = Settings::default().connections, env = "RTBROADCASTER_CONNECTIONS")]
    #[arg(value_parser = at_least_one())]
    connections: usize,

    /// Bytes of one message that a client sends; a larger one closes its websocket with 1009
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().message_bytes, env = "RTBROADCASTER_MESSAGE_BYTES")]
    #[arg(value_parser = at_least_one())]
    message_bytes: usize,

    /// Rooms at a time; above it create is refused (too_many_rooms)
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::default().rooms, env = "RTBROADCASTER_ROOMS")]
    #[arg(value_parser = at_least_one())]
    rooms: usize,

    /// Followers of one room; above it join is refused (room_full)
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::default().followers_per_room, env = "RTBROADCASTER_FOLLOWERS_PER_ROOM")]
    #[arg(value_parser = at_least_one())]
    followers_per_room: usize,

    /// State messages that a room retains; above it a new slot is refused (too_many_slots)
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::default().slots_per_room, env = "RTBROADCASTER_SLOTS_PER_ROOM")]
    #[arg(value_parser = at_least_one())]
    slots_per_room: usize,

    /// Bytes of all state messages of a room; above it one more is refused (state_too_large)
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().slot_bytes_per_room, env = "RTBROADCASTER_SLOT_BYTES_PER_ROOM")]
    #[arg(value_parser = at_least_one())]
    slot_bytes_per_room: usize,

    /// Actions that a room remembers for those who are behind
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::default().ring_actions, env = "RTBROADCASTER_RING_ACTIONS")]
    #[arg(value_parser = at_least_one())]
    ring_actions: usize,

    /// Bytes of those actions, whichever comes first
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().ring_bytes, env = "RTBROADCASTER_RING_BYTES")]
    #[arg(value_parser = at_least_one())]
    ring_bytes: usize,

    /// How long a room lives on without its owner
    #[arg(long, value_name = "MILLISECONDS", default_value_t = Limits::default().owner_grace_ms, env = "RTBROADCASTER_OWNER_GRACE_MS")]
    owner_grace_ms: u64,

    /// How long a connection may take to send its request, and then its create or join
    #[arg(long, value_name = "MILLISECONDS", default_value_t = Limits::default().handshake_timeout_ms, env = "RTBROADCASTER_HANDSHAKE_TIMEOUT_MS")]
    #[arg(value_parser = duration())]
    handshake_timeout_ms: u64,

    /// Pause between two websocket pings to a client
    #[arg(long, value_name = "MILLISECONDS", default_value_t = Limits::default().ping_interval_ms, env = "RTBROADCASTER_PING_INTERVAL_MS")]
    #[arg(value_parser = duration())]
    ping_interval_ms: u64,

    /// How long nothing may be heard of a client, answers to pings included
    #[arg(long, value_name = "MILLISECONDS", default_value_t = Limits::default().idle_timeout_ms, env = "RTBROADCASTER_IDLE_TIMEOUT_MS")]
    #[arg(value_parser = duration())]
    idle_timeout_ms: u64,

    /// How long a client may take nothing of what is sent to it
    #[arg(long, value_name = "MILLISECONDS", default_value_t = Limits::default().stall_timeout_ms, env = "RTBROADCASTER_STALL_TIMEOUT_MS")]
    #[arg(value_parser = duration())]
    stall_timeout_ms: u64,

    /// On shutdown clients are told to come back spread over this time
    #[arg(long, value_name = "MILLISECONDS", default_value_t = Limits::default().return_window_ms, env = "RTBROADCASTER_RETURN_WINDOW_MS")]
    return_window_ms: u64,

    /// Silence after which a page asks whether the connection is still there (announced to it)
    #[arg(long, value_name = "MILLISECONDS", default_value_t = Limits::default().heartbeat_ms, env = "RTBROADCASTER_HEARTBEAT_MS")]
    #[arg(value_parser = duration())]
    heartbeat_ms: u64,
}

impl Arguments {
    /// The directory whose files are served, if any.
    pub(crate) fn www(&self) -> Option<&Path> {
        self.www.as_deref().filter(|directory| !directory.as_os_str().is_empty())
    }

    /// What cannot work together, in words.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let limits = &self.limits;
        if limits.ping_interval_ms >= limits.idle_timeout_ms {
            return Some(
                "--ping-interval-ms must be below --idle-timeout-ms, or every quiet client is cut off",
            );
        }
        if limits.ring_bytes < limits.message_bytes {
            return Some("--ring-bytes must not be below --message-bytes, or the largest actions never fit");
        }
        None
    }

    pub(crate) fn settings(&self) -> Settings {
        let limits = &self.limits;
        Settings {
            connections: limits.connections,
            origins: self.allow_origin.iter().cloned().collect(),
            limits: Limits {
                message_bytes: limits.message_bytes,
                rooms: limits.rooms,
                followers_per_room: limits.followers_per_room,
                slots_per_room: limits.slots_per_room,
                slot_bytes_per_room: limits.slot_bytes_per_room,
                ring_actions: limits.ring_actions,
                ring_bytes: limits.ring_bytes,
                owner_grace_ms: limits.owner_grace_ms,
                handshake_timeout_ms: limits.handshake_timeout_ms,
                ping_interval_ms: limits.ping_interval_ms,
                idle_timeout_ms: limits.idle_timeout_ms,
                stall_timeout_ms: limits.stall_timeout_ms,
                return_window_ms: limits.return_window_ms,
                heartbeat_ms: limits.heartbeat_ms,
            },
        }
    }
}

/// A limit of zero would be a server that serves nobody. The upper bound is what a semaphore can count.
fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=u64::from(u32::MAX))
}

/// A pause of zero would be a busy loop; a day is longer than any sensible one.
fn duration() -> RangedU64ValueParser<u64> {
    RangedU64ValueParser::new().range(1..=86_400_000)
}

fn endpoint_path(text: &str) -> Result<String, String> {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/-._~".contains(character);
    let segments = text.strip_prefix('/').ok_or("a path starts with /, as /broadcasting")?;
    if segments.trim_matches('/').is_empty() {
        return Err("the endpoint needs a path of its own, as /broadcasting".to_owned());
    }
    if !text.chars().all(plain) {
        return Err("a path has letters, digits, and - . _ ~ between its slashes".to_owned());
    }
    if segments.trim_matches('/') == "healthz" {
        return Err("/healthz is taken by the health check".to_owned());
    }
    Ok(text.to_owned())
}

fn listen_address(text: &str) -> Result<SocketAddr, String> {
    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    if let Ok(port) = text.parse() {
        return Ok(SocketAddr::new(LOCAL, port));
    }
    let local = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    match local {
        Some(port) => Ok(SocketAddr::new(LOCAL, port)),
        None => {
            text.parse().map_err(|_| "an IP address and a port, as 127.0.0.1:8080 or [::1]:8080".to_owned())
        }
    }
}

/// An environment variable that is set to nothing is no directory, and no error either.
#[allow(clippy::unnecessary_wraps, reason = "the form that clap wants")]
fn directory(text: &str) -> Result<PathBuf, String> {
    Ok(text.into())
}

/// A level that is mistyped would be taken for the name of a module, and everything else left out of the log.
fn log_targets(text: &str) -> Result<Targets, String> {
    let form =
        || "a level (error, warn, info, debug, trace, off), or module=level, several with commas".to_owned();
    for part in text.split(',').filter(|part| !part.contains('=')) {
        part.trim().parse::<LevelFilter>().map_err(|_| form())?;
    }
    text.parse().map_err(|_| form())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn without_arguments_the_settings_are_the_librarys_defaults() {
        let arguments = Arguments::try_parse_from(["rtbroadcaster"]).unwrap();
        assert_eq!(arguments.settings(), Settings::default());
    }

    #[test]
    fn every_option_can_be_set_by_the_environment() {
        for argument in Arguments::command().get_arguments() {
            if ["help", "version"].contains(&argument.get_id().as_str()) {
                continue;
            }
            let expected = format!("RTBROADCASTER_{}", argument.get_id().as_str().to_uppercase());
            assert_eq!(argument.get_env().unwrap().to_str(), Some(expected.as_str()));
        }
    }

    #[test]
    fn the_readme_lists_every_flag_with_its_default() {
        let readme = include_str!("../../README.md");
        for argument in Arguments::command().get_arguments() {
            let name = argument.get_long().unwrap();
            let default = match argument.get_default_values() {
                [] => "–".to_owned(),
                [value, ..] => format!("`{}`", value.display()),
            };
            let row = format!("| `--{name}` | {default} |");
            assert!(readme.contains(&row), "the readme has no row {row}");
        }
        let rows = readme.lines().filter(|line| line.starts_with("| `--")).count();
        assert_eq!(rows, Arguments::command().get_arguments().count(), "and no other flag");
    }

    #[test]
    fn what_contradicts_itself_is_named() {
        let contradiction =
            |flag| Arguments::try_parse_from(["rtbroadcaster", flag]).unwrap().contradiction();
        assert!(contradiction("--ping-interval-ms=60000").is_some());
        assert!(contradiction("--ring-bytes=65535").is_some());
        assert_eq!(contradiction("--rooms=1"), None);
    }

    #[test]
    fn what_can_only_mean_one_thing_is_understood() {
        for (flag, expected) in [("--listen=8081", "127.0.0.1:8081"), ("--listen=localhost:1", "127.0.0.1:1")]
        {
            let listen = Arguments::try_parse_from(["rtbroadcaster", flag]).unwrap().listen;
            assert_eq!(listen.to_string(), expected);
        }
        assert_eq!(Arguments::try_parse_from(["rtbroadcaster", "--www="]).unwrap().www(), None);
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for wrong in [
            "--path=broadcasting",
            "--path=/",
            "--path=/healthz",
            "--path=/a%20b",
            "--rooms=0",
            "--ping-interval-ms=0",
            "--listen=example",
            "--log=inof",
            "--allow-origin=example.org",
        ] {
            assert!(Arguments::try_parse_from(["rtbroadcaster", wrong]).is_err(), "{wrong}");
        }
    }
}
