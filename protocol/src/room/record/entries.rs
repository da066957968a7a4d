//! The bytes of entries and votes, within a [`Record`](super::Record).

use super::bytes::{number, optional, text};
use super::{Checkpoint, Vote};
use crate::{Entry, Lane, LaneKind, Recording};

/// The first byte of an entry.
pub(super) mod kind {
    pub(in super::super) const LANE_ENDED: u8 = 0;
    pub(in super::super) const SAY: u8 = 1;
    pub(in super::super) const COUNT: u8 = 2;
    pub(in super::super) const VOTE: u8 = 3;
    pub(in super::super) const RECORDING: u8 = 4;
    pub(in super::super) const SHARED_RECORDING: u8 = 5;
    pub(in super::super) const RECORDING_ENDED: u8 = 6;
    pub(in super::super) const DRIVER: u8 = 7;
}

impl Checkpoint<'_> {
    pub(super) fn has_entries(&self) -> bool {
        !self.entries.is_empty() || !self.votes.is_empty()
    }

    pub(super) fn has_moments(&self) -> bool {
        self.has_clock || self.slots.iter().any(|(_, action)| action.at.is_some())
    }
}

pub(super) fn write_checkpoint_part(out: &mut Vec<u8>, checkpoint: &Checkpoint<'_>) {
    number(out, checkpoint.entries.len() as u64);
    for (seq, entry) in &checkpoint.entries {
        number(out, *seq);
        write_entry(out, entry);
    }
    number(out, checkpoint.votes.len() as u64);
    for (lane, votes) in &checkpoint.votes {
        text(out, lane);
        write_votes(out, votes);
    }
}

pub(super) fn write_entry(out: &mut Vec<u8>, entry: &Entry) {
    match entry {
        Entry::Lane { name, lane } => {
            let kind = match lane.as_ref().map(|lane| &lane.kind) {
                None => kind::LANE_ENDED,
                Some(LaneKind::Say) => kind::SAY,
                Some(LaneKind::Count { .. }) => kind::COUNT,
                Some(LaneKind::Vote { .. }) => kind::VOTE,
            };
            out.push(kind);
            text(out, name);
            if let Some(lane) = lane {
                write_lane(out, lane);
            }
        }
        Entry::Recording(Recording::On { shared: false }) => out.push(kind::RECORDING),
        Entry::Recording(Recording::On { shared: true }) => out.push(kind::SHARED_RECORDING),
        Entry::Recording(Recording::Off { why }) => {
            out.push(kind::RECORDING_ENDED);
            text(out, why);
        }
        Entry::Driver(driver) => {
            out.push(kind::DRIVER);
            number(out, u64::from(driver.seat));
            optional(out, driver.name.as_deref(), text);
        }
    }
}

fn write_lane(out: &mut Vec<u8>, lane: &Lane) {
    number(out, lane.per_ms);
    match &lane.kind {
        LaneKind::Say => {}
        LaneKind::Count { symbols } => {
            number(out, symbols.len() as u64);
            symbols.iter().for_each(|symbol| text(out, symbol));
        }
        LaneKind::Vote { options } => number(out, *options),
    }
}

pub(super) fn write_votes(out: &mut Vec<u8>, votes: &[Vote]) {
    number(out, votes.len() as u64);
    for vote in votes {
        out.extend_from_slice(&vote.voter);
        number(out, vote.number);
        number(out, vote.option);
    }
}
