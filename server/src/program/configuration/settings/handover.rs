//! The settings of the section `[limits]` that bound who may be given the right to write.

use std::ops::RangeInclusive;

use crate::configuration::setting::{Section, Setting};
use crate::configuration::value::Kind;

/// At 0 nobody is invited, or nobody asks.
const ANY_NUMBER: RangeInclusive<u64> = 0..=1_000;

/// At 0 a request would be over before anybody saw it. An hour is longer than anybody waits.
const PATIENCE: RangeInclusive<u64> = 1_000..=3_600_000;

/// At 0 the owner would be away at each hand-over. A page that needs more than a minute is gone.
const BEGINNING: RangeInclusive<u64> = 1..=60_000;

pub(super) static SETTINGS: &[Setting] = &[
    Setting {
        section: Section::Limits,
        name: "members-per-room",
        value_name: "NUMBER",
        help: "Members of one room beside its creator; above it another is refused (room_full); 0 allows none",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.members_per_room, ANY_NUMBER),
    },
    Setting {
        section: Section::Limits,
        name: "requests-per-room",
        value_name: "NUMBER",
        help: "Followers of one room that wait to be given the right to write; above it another is refused (room_full); \
               0 allows none",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.limits.requests_per_room, ANY_NUMBER),
    },
    Setting {
        section: Section::Limits,
        name: "request-ms",
        value_name: "MILLISECONDS",
        help: "How long such a request waits for an answer",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.rooms.limits.request_ms, PATIENCE),
    },
    Setting {
        section: Section::Limits,
        name: "hand-over-ms",
        value_name: "MILLISECONDS",
        help: "How long whoever was given the right to write may take to begin; after that the owner is away",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.rooms.limits.hand_over_ms, BEGINNING),
    },
];
