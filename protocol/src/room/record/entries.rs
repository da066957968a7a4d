//! The bytes of entries and votes, within a [`Record`](super::Record).

use std::borrow::Cow;

use super::codec::{number, text};
use super::reader::Reader;
use super::{Checkpoint, RecordError, RecordedVotes, Vote};
use crate::{Entry, Lane, LaneKind, Recording};

/// The first byte of an entry.
mod kind {
    pub(super) const LANE_ENDED: u8 = 0;
    pub(super) const SAY: u8 = 1;
    pub(super) const COUNT: u8 = 2;
    pub(super) const VOTE: u8 = 3;
    pub(super) const RECORDING: u8 = 4;
    pub(super) const SHARED_RECORDING: u8 = 5;
    pub(super) const RECORDING_ENDED: u8 = 6;
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

impl<'a> Reader<'a> {
    pub(super) fn entry(&mut self) -> Result<Entry, RecordError> {
        let recording = |recording| Ok(Entry::Recording(recording));
        match self.byte()? {
            kind::RECORDING => recording(Recording::On { shared: false }),
            kind::SHARED_RECORDING => recording(Recording::On { shared: true }),
            kind::RECORDING_ENDED => recording(Recording::Off { why: self.text()?.to_owned() }),
            kind => Ok(Entry::Lane { name: self.text()?.to_owned(), lane: self.lane(kind)? }),
        }
    }

    pub(super) fn numbered_entry(&mut self) -> Result<(u64, Cow<'a, Entry>), RecordError> {
        Ok((self.number()?, Cow::Owned(self.entry()?)))
    }

    pub(super) fn lane_votes(&mut self) -> Result<RecordedVotes<'a>, RecordError> {
        Ok((Cow::Borrowed(self.text()?), self.votes()?))
    }

    fn lane(&mut self, kind: u8) -> Result<Option<Lane>, RecordError> {
        if kind == kind::LANE_ENDED {
            return Ok(None);
        }
        let per_ms = self.number()?;
        let kind = match kind {
            kind::SAY => LaneKind::Say,
            kind::COUNT => LaneKind::Count { symbols: self.list(|reader| Ok(reader.text()?.to_owned()))? },
            kind::VOTE => LaneKind::Vote { options: self.number()? },
            _ => return Err(RecordError::Damaged),
        };
        Ok(Some(Lane { kind, per_ms }))
    }

    fn votes(&mut self) -> Result<Vec<Vote>, RecordError> {
        self.list(|reader| {
            let voter = reader.bytes(8)?.try_into().map_err(|_| RecordError::Damaged)?;
            Ok(Vote { voter, number: reader.number()?, option: reader.number()? })
        })
    }
}
