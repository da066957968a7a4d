//! The settings of the section `[limits]`. `rtbroadcaster_protocol::Limits` says what each bound is
//! for.

use std::ops::RangeInclusive;

use rtbroadcaster::RoomCode;

use crate::configuration::setting::{Section, Setting};
use crate::configuration::value::Kind;

/// At 0 the server would serve nobody. The upper bound is what a semaphore can count, which is as
/// good as no limit.
const AT_LEAST_ONE: RangeInclusive<u64> = 1..=u32::MAX as u64;

/// At 0 the server would spin. A day is longer than any sensible pause.
const PAUSE: RangeInclusive<u64> = 1..=86_400_000;

/// The smallest size is enough for a few rooms.
const ANY_SIZE: RangeInclusive<u64> = 1_048_576..=i64::MAX as u64;

/// What codes may have.
const CODE_LENGTH: RangeInclusive<u64> = RoomCode::SHORTEST as u64..=RoomCode::LONGEST as u64;

/// No page waits for the moment of an action for longer than a minute.
const HORIZON: RangeInclusive<u64> = 0..=60_000;

/// A name of some characters, and at most what a session's name may have.
const NAME_BYTES: RangeInclusive<u64> = 4..=128;

/// At 0 nobody is shown.
const ANY_NUMBER: RangeInclusive<u64> = 0..=u32::MAX as u64;

/// A page of the roster is one message.
const ROSTER_PAGE: RangeInclusive<u64> = 1..=1_000;

/// Any time that TOML can write.
const ANY_TIME: RangeInclusive<u64> = 0..=i64::MAX as u64;

pub(super) static SETTINGS: &[Setting] = &[
    Setting {
        section: Section::Limits,
        name: "connections",
        value_name: "NUMBER",
        help: "Connections at a time, websockets and event streams together; above it HTTP 503",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.connections, AT_LEAST_ONE),
    },
    Setting {
        section: Section::Limits,
        name: "message-bytes",
        value_name: "BYTES",
        help: "Bytes of one message that a client sends; a larger one closes its websocket with \
               1009",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.message_bytes, AT_LEAST_ONE),
    },
    Setting {
        section: Section::Limits,
        name: "params-depth",
        value_name: "LEVELS",
        help: "Levels of arrays and objects in each other that the params of an action may have, \
               their own array included; deeper ones are refused (params_too_deep)",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.params_depth, AT_LEAST_ONE),
    },
    Setting {
        section: Section::Limits,
        name: "rooms",
        value_name: "NUMBER",
        help: "Rooms at a time; above it create is refused (too_many_rooms)",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.rooms, AT_LEAST_ONE),
    },
    Setting {
        section: Section::Limits,
        name: "followers-per-room",
        value_name: "NUMBER",
        help: "Followers of one room; above it join is refused (room_full)",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.followers_per_room, AT_LEAST_ONE),
    },
    Setting {
        section: Section::Limits,
        name: "slots-per-room",
        value_name: "NUMBER",
        help: "State messages that a room retains; above it a new slot is refused (too_many_slots)",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.slots_per_room, AT_LEAST_ONE),
    },
    Setting {
        section: Section::Limits,
        name: "slot-bytes-per-room",
        value_name: "BYTES",
        help: "Bytes of all state messages of a room; above it one more is refused \
               (state_too_large)",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.slot_bytes_per_room, AT_LEAST_ONE),
    },
    Setting {
        section: Section::Limits,
        name: "ring-actions",
        value_name: "NUMBER",
        help: "Actions that a room remembers for followers that are behind",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.ring_actions, AT_LEAST_ONE),
    },
    Setting {
        section: Section::Limits,
        name: "ring-bytes",
        value_name: "BYTES",
        help: "Bytes of the actions that a room remembers; it forgets the oldest when either limit \
               is reached",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.ring_bytes, AT_LEAST_ONE),
    },
    Setting {
        section: Section::Limits,
        name: "owner-grace-ms",
        value_name: "MILLISECONDS",
        help: "How long a room lives on without its owner",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.rooms.limits.owner_grace_ms, ANY_TIME),
    },
    Setting {
        section: Section::Limits,
        name: "handshake-timeout-ms",
        value_name: "MILLISECONDS",
        help: "How long a connection may take to send its request, and then its create or join",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.rooms.limits.handshake_timeout_ms, PAUSE),
    },
    Setting {
        section: Section::Limits,
        name: "ping-interval-ms",
        value_name: "MILLISECONDS",
        help: "Pause between two websocket pings to a client",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.rooms.limits.ping_interval_ms, PAUSE),
    },
    Setting {
        section: Section::Limits,
        name: "idle-timeout-ms",
        value_name: "MILLISECONDS",
        help: "How long a client may send nothing, not even answers to pings",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.rooms.limits.idle_timeout_ms, PAUSE),
    },
    Setting {
        section: Section::Limits,
        name: "stall-timeout-ms",
        value_name: "MILLISECONDS",
        help: "How long a client may take nothing of what is sent to it",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.rooms.limits.stall_timeout_ms, PAUSE),
    },
    Setting {
        section: Section::Limits,
        name: "return-window-ms",
        value_name: "MILLISECONDS",
        help: "On shutdown clients are told to come back spread over this time",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.rooms.limits.return_window_ms, ANY_TIME),
    },
    Setting {
        section: Section::Limits,
        name: "reopened-rooms",
        value_name: "NUMBER",
        help: "Rooms that owners may open anew between two restarts, with reopen-secret; above it \
               their claims are refused (unknown_room)",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.reopened_rooms, AT_LEAST_ONE),
    },
    Setting {
        section: Section::Limits,
        name: "unknown-rooms-per-minute",
        value_name: "NUMBER",
        help: "Different rooms that don't exist for which one address may ask in a minute; above \
               it every join from that address is refused for a while (rate_limited), so that ids \
               cannot be guessed",
        is_secret: false,
        kind: Kind::Rate(
            |configuration| &mut configuration.rooms.limits.unknown_rooms_per_minute,
            AT_LEAST_ONE,
        ),
    },
    Setting {
        section: Section::Limits,
        name: "connections-per-address",
        value_name: "NUMBER",
        help: "Websockets at a time of one address; above it an upgrade is answered by HTTP 429",
        is_secret: false,
        kind: Kind::Count(
            |configuration| &mut configuration.rooms.limits.connections_per_address,
            AT_LEAST_ONE,
        ),
    },
    Setting {
        section: Section::Limits,
        name: "handshakes-per-second-per-address",
        value_name: "NUMBER",
        help: "Upgrades of one address in a second; above it they are answered by HTTP 429",
        is_secret: false,
        kind: Kind::Rate(
            |configuration| &mut configuration.rooms.limits.handshakes_per_second_per_address,
            AT_LEAST_ONE,
        ),
    },
    Setting {
        section: Section::Limits,
        name: "handshakes-per-second",
        value_name: "NUMBER",
        help: "Upgrades of all addresses in a second; above it they are answered by HTTP 503",
        is_secret: false,
        kind: Kind::Rate(|configuration| &mut configuration.rooms.limits.handshakes_per_second, AT_LEAST_ONE),
    },
    Setting {
        section: Section::Limits,
        name: "rooms-per-minute-per-address",
        value_name: "NUMBER",
        help: "Rooms that one address may open in a minute; above it create is refused \
               (rate_limited)",
        is_secret: false,
        kind: Kind::Rate(
            |configuration| &mut configuration.rooms.limits.rooms_per_minute_per_address,
            AT_LEAST_ONE,
        ),
    },
    Setting {
        section: Section::Limits,
        name: "code-length",
        value_name: "CHARACTERS",
        help: "Characters of a room's short code; each more makes codes 24 times as hard to guess",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.code_length, CODE_LENGTH),
    },
    Setting {
        section: Section::Limits,
        name: "code-misses-per-minute-per-address",
        value_name: "NUMBER",
        help: "Different codes that stand for no room for which one address may ask in a minute; \
               above it its lookups are refused for a while (rate_limited)",
        is_secret: false,
        kind: Kind::Rate(
            |configuration| &mut configuration.rooms.limits.code_misses_per_minute_per_address,
            AT_LEAST_ONE,
        ),
    },
    Setting {
        section: Section::Limits,
        name: "code-misses-per-second",
        value_name: "NUMBER",
        help: "The same for all addresses together, in a second; above it all lookups are refused \
               for a moment (rate_limited)",
        is_secret: false,
        kind: Kind::Rate(
            |configuration| &mut configuration.rooms.limits.code_misses_per_second,
            AT_LEAST_ONE,
        ),
    },
    Setting {
        section: Section::Limits,
        name: "at-horizon-ms",
        value_name: "MILLISECONDS",
        help: "How far ahead the moment of an action may be (at); further ahead it is refused \
               (malformed)",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.rooms.limits.at_horizon_ms, HORIZON),
    },
    Setting {
        section: Section::Limits,
        name: "clock-samples-per-second",
        value_name: "NUMBER",
        help: "How often in a second the server tells its time to pages that estimate its clock; \
               above it they ask less often",
        is_secret: false,
        kind: Kind::Rate(
            |configuration| &mut configuration.rooms.limits.clock_samples_per_second,
            AT_LEAST_ONE,
        ),
    },
    Setting {
        section: Section::Limits,
        name: "name-bytes",
        value_name: "BYTES",
        help: "Bytes of the name that a follower gives; a longer one is refused (malformed)",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.name_bytes, NAME_BYTES),
    },
    Setting {
        section: Section::Limits,
        name: "roster-page",
        value_name: "NUMBER",
        help: "People on one page of the roster; who asks for more gets so many",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.roster_page, ROSTER_PAGE),
    },
    Setting {
        section: Section::Limits,
        name: "roster-shared",
        value_name: "NUMBER",
        help: "How many people may be named for followers to see them, in a room whose owner shares \
               the roster; above it they are told how many there are",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.roster_shared, ANY_NUMBER),
    },
    Setting {
        section: Section::Limits,
        name: "owner-actions-per-second",
        value_name: "NUMBER",
        help: "Actions of one owner in a second; the connection of a faster owner is not read for \
               a moment",
        is_secret: false,
        kind: Kind::Rate(
            |configuration| &mut configuration.rooms.limits.owner_actions_per_second,
            AT_LEAST_ONE,
        ),
    },
    Setting {
        section: Section::Limits,
        name: "owner-bytes-per-second",
        value_name: "BYTES",
        help: "Bytes of one owner's actions in a second, and one message at least; the connection \
               of a faster owner is not read for a moment",
        is_secret: false,
        kind: Kind::Rate(
            |configuration| &mut configuration.rooms.limits.owner_bytes_per_second,
            AT_LEAST_ONE,
        ),
    },
    Setting {
        section: Section::Limits,
        name: "room-memory-bytes",
        value_name: "BYTES",
        help: "Bytes that the rings and the retained state of all rooms may take together; near it \
               rings are shortened, and new rooms (too_many_rooms) and more state \
               (state_too_large) are refused",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.room_memory_bytes, ANY_SIZE),
    },
    Setting {
        section: Section::Limits,
        name: "heartbeat-ms",
        value_name: "MILLISECONDS",
        help: "Silence after which a page asks whether the connection is still there; the server \
               tells the page this time",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.rooms.limits.heartbeat_ms, PAUSE),
    },
];
