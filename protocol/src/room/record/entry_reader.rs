//! Reading entries, votes and members, within a [`Record`](super::Record).

use std::borrow::Cow;

use super::entries::kind;
use super::reader::Reader;
use super::{RecordError, RecordedVotes, Vote};
use crate::{Driver, Entry, InvitedMember, Lane, LaneKind, MembersState, Recording};

impl<'a> Reader<'a> {
    pub(super) fn entry(&mut self) -> Result<Entry, RecordError> {
        let recording = |recording| Ok(Entry::Recording(recording));
        match self.byte()? {
            kind::RECORDING => recording(Recording::On { shared: false }),
            kind::SHARED_RECORDING => recording(Recording::On { shared: true }),
            kind::RECORDING_ENDED => recording(Recording::Off { why: self.text()?.to_owned() }),
            kind::DRIVER => {
                let name = |reader: &mut Self| Ok(reader.text()?.to_owned());
                Ok(Entry::Driver(Driver { seat: self.seat()?, name: self.optional(name)? }))
            }
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

    pub(super) fn members(&mut self) -> Result<MembersState<'a>, RecordError> {
        Ok(MembersState {
            invited: self.list(Self::invited)?,
            pen: self.seat()?,
            turn_began: self.number()?,
            turn_is_claimed: self.flag()?,
            creator_turn_ended: self.optional(Self::number)?,
        })
    }

    pub(super) fn invited(&mut self) -> Result<InvitedMember<'a>, RecordError> {
        Ok(InvitedMember {
            seat: self.seat()?,
            key: self.key()?,
            name: self.optional(Self::text)?.map(Cow::Borrowed),
            expires_ms: self.optional(Self::number)?,
            turn_ended: self.optional(Self::number)?,
        })
    }

    pub(super) fn seat(&mut self) -> Result<u32, RecordError> {
        u32::try_from(self.number()?).map_err(|_| RecordError::Damaged)
    }
}
