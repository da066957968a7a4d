//! The settings of the section `[recordings]`.

use std::ops::RangeInclusive;

use super::server::{path_or_none, shown};
use crate::configuration::setting::{Section, Setting};
use crate::configuration::value::Kind;

/// A recording has at least its first lines.
const BYTES: RangeInclusive<u64> = 1_024..=i64::MAX as u64;

/// Any time that TOML can write.
const ANY_TIME: RangeInclusive<u64> = 1..=i64::MAX as u64;

/// A day at least.
const DAYS: RangeInclusive<u64> = 1..=36_500;

pub(super) static SETTINGS: &[Setting] = &[
    Setting {
        section: Section::Recordings,
        name: "recordings",
        value_name: "DIR",
        help: "Record rooms whose owners ask for it, in this directory. It is made if it doesn't \
               exist",
        is_secret: false,
        kind: Kind::Text {
            read: |configuration| shown(configuration.rooms.recordings.folder.as_deref()),
            write: |configuration, text| {
                configuration.rooms.recordings.folder = path_or_none(text);
                Ok(())
            },
        },
    },
    Setting {
        section: Section::Recordings,
        name: "recording-bytes",
        value_name: "BYTES",
        help: "Bytes of one recording; it ends then, and the room goes on",
        is_secret: false,
        kind: Kind::StoredBytes(|configuration| &mut configuration.rooms.recordings.bytes, BYTES),
    },
    Setting {
        section: Section::Recordings,
        name: "recording-ms",
        value_name: "MILLISECONDS",
        help: "How long one recording lasts; it ends then, and the room goes on",
        is_secret: false,
        kind: Kind::Milliseconds(|configuration| &mut configuration.rooms.recordings.milliseconds, ANY_TIME),
    },
    Setting {
        section: Section::Recordings,
        name: "recordings-bytes",
        value_name: "BYTES",
        help: "Bytes of all recordings together, each as 8 KiB at least; above it none begins, and those that run end",
        is_secret: false,
        kind: Kind::StoredBytes(|configuration| &mut configuration.rooms.recordings.total_bytes, BYTES),
    },
    Setting {
        section: Section::Recordings,
        name: "recordings-keep-days",
        value_name: "DAYS",
        help: "For how many days a recording is kept after its last line",
        is_secret: false,
        kind: Kind::Count(|configuration| &mut configuration.rooms.recordings.keep_days, DAYS),
    },
];
