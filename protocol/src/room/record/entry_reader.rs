//! Reading entries and votes, within a [`Record`](super::Record).

use std::borrow::Cow;

use super::entries::kind;
use super::reader::Reader;
use super::{RecordError, RecordedVotes, Vote};
use crate::{Entry, Lane, LaneKind, Recording};

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
