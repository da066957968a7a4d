//! The settings of the section `[limits]` that bound what followers say on lanes.

use std::ops::RangeInclusive;

use crate::configuration::setting::{Section, Setting};
use crate::configuration::value::Kind;

const AT_LEAST_ONE: RangeInclusive<u64> = 1..=u32::MAX as u64;

/// At 0 no room has lanes. The owner is told of all of them in one message.
const ANY_NUMBER: RangeInclusive<u64> = 0..=256;

/// A vote has two options at least. The owner is told of all of them in one message.
const OPTIONS: RangeInclusive<u64> = 2..=256;

/// The same of symbols.
const SYMBOLS: RangeInclusive<u64> = 1..=256;

/// At most a quarter of a frame.
const VALUE_BYTES: RangeInclusive<u64> = 1..=16_384;

/// What an owner's page can take.
const SAYS: RangeInclusive<u64> = 1..=10_000;

/// A follower is a person, or a few.
const EACH: RangeInclusive<u64> = 1..=1_000;

pub(super) static SETTINGS: &[Setting] = &[
    Setting {
        section: Section::Limits,
        name: "lanes-per-room",
        value_name: "NUMBER",
        help: "Lanes of one room; above it a new one is refused (too_many_slots); 0 allows none",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.lanes_per_room, ANY_NUMBER),
    },
    Setting {
        section: Section::Limits,
        name: "options-per-lane",
        value_name: "NUMBER",
        help: "Options of a lane on which followers vote",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.options_per_lane, OPTIONS),
    },
    Setting {
        section: Section::Limits,
        name: "symbols-per-lane",
        value_name: "NUMBER",
        help: "Symbols of a lane on which reactions are counted",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.symbols_per_lane, SYMBOLS),
    },
    Setting {
        section: Section::Limits,
        name: "voters-per-lane",
        value_name: "NUMBER",
        help: "Voters of one lane; above it the votes of others are refused (room_full)",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.voters_per_lane, AT_LEAST_ONE),
    },
    Setting {
        section: Section::Limits,
        name: "lane-value-bytes",
        value_name: "BYTES",
        help: "Bytes of a value that a follower says on a lane; a longer one is refused (malformed)",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.lane_value_bytes, VALUE_BYTES),
    },
    Setting {
        section: Section::Limits,
        name: "lane-says-per-second",
        value_name: "NUMBER",
        help: "Values in a second that all followers of a room say on its lanes; those above it are dropped",
        is_secret: false,
        kind: Kind::Rate(|configuration| &mut configuration.rooms.limits.lane_says_per_second, SAYS),
    },
    Setting {
        section: Section::Limits,
        name: "lane-inbox",
        value_name: "NUMBER",
        help: "Values that wait until the owner is told; those above it are dropped",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.lane_inbox, SAYS),
    },
    Setting {
        section: Section::Limits,
        name: "audience-messages-per-second",
        value_name: "NUMBER",
        help: "Messages in a second of one follower on all lanes; one that sends more is not read for a moment",
        is_secret: false,
        kind: Kind::Rate(|configuration| &mut configuration.rooms.limits.audience_messages_per_second, EACH),
    },
    Setting {
        section: Section::Limits,
        name: "lane-messages-per-second",
        value_name: "NUMBER",
        help: "Messages in a second on the lanes of all rooms; above it those who send them are not read for a moment",
        is_secret: false,
        kind: Kind::Rate(
            |configuration| &mut configuration.rooms.limits.lane_messages_per_second,
            AT_LEAST_ONE,
        ),
    },
    Setting {
        section: Section::Limits,
        name: "lane-posts-per-second-per-address",
        value_name: "NUMBER",
        help: "Messages in a second that one address says on lanes over plain HTTP; above it they are refused (rate_limited)",
        is_secret: false,
        kind: Kind::Rate(
            |configuration| &mut configuration.rooms.limits.lane_posts_per_second_per_address,
            AT_LEAST_ONE,
        ),
    },
];
