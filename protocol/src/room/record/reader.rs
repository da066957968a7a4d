//! Reading records. No bytes make it panic, or allocate more than a small multiple of their length.

use std::borrow::Cow;

use super::codec::{FORMAT, FORMAT_WITH_ENTRIES, FORMAT_WITH_MEMBERS, FORMAT_WITH_MOMENTS, answer, kind};
use super::{Checkpoint, Record};
use crate::{Action, Answer, KeyDigest, MembersState, OwnerState, Refusal, RoomCode};

/// Why bytes are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The bytes end within a record.
    #[error("the bytes end in the middle of a record: the last write was not completed")]
    Torn,
    /// No version has written these bytes.
    #[error("the record is damaged: restore the store from a backup")]
    Damaged,
    /// A later version has written these bytes.
    #[error("a later version of the server wrote the record: use that version or a newer one")]
    Newer,
}

/// The records in a run of bytes, in order. After an error there are no more.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    /// The records in these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let mut reader = Reader { rest: self.rest, format: FORMAT };
        let record = reader.record();
        self.rest = if record.is_ok() { reader.rest } else { &[] };
        Some(record)
    }
}

pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// The record's first byte.
    format: u8,
}

impl<'a> Reader<'a> {
    fn record(&mut self) -> Result<Record<'a>, RecordError> {
        let format = self.byte()?;
        match format {
            FORMAT..=FORMAT_WITH_MEMBERS => {}
            0 => return Err(RecordError::Damaged),
            _ => return Err(RecordError::Newer),
        }
        let kind = self.byte()?;
        let length = self.number()?;
        let length = usize::try_from(length).map_err(|_| RecordError::Damaged)?;
        let mut body = Self { rest: self.bytes(length)?, format };
        // Within the body, whose length is known, an early end is damage.
        let record = body.body(kind).map_err(|error| match error {
            RecordError::Torn => RecordError::Damaged,
            error => error,
        })?;
        if body.rest.is_empty() { Ok(record) } else { Err(RecordError::Damaged) }
    }

    fn body(&mut self, kind: u8) -> Result<Record<'a>, RecordError> {
        Ok(match kind {
            kind::OPENED => self.opened(None)?,
            kind::OPENED_WITH_CODE => {
                let code = self.code()?;
                self.opened(Some(code))?
            }
            kind::ACTED => Record::Acted {
                by: self.optional(Self::text)?,
                id: self.optional(Self::number)?,
                seq: self.number()?,
                action: self.action()?,
            },
            kind::CLEARED => Record::Cleared {
                by: self.optional(Self::text)?,
                id: self.optional(Self::number)?,
                seq: self.number()?,
                slot: self.text()?,
            },
            kind::ENTERED if self.has_entries() => Record::Entered {
                by: self.optional(Self::text)?,
                id: self.optional(Self::number)?,
                seq: self.number()?,
                entry: Cow::Owned(self.entry()?),
            },
            kind::INVITED if self.has_members() => Record::Invited(self.invited()?),
            kind::REVOKED if self.has_members() => Record::Revoked(self.seat()?),
            kind::VOTED if self.has_entries() => Record::Voted(self.lane_votes()?),
            kind::REFUSED => Record::Refused { by: self.optional(Self::text)?, refusal: self.refusal()? },
            kind::CLAIMED => Record::Claimed { session: self.optional(Self::text)?, epoch: self.number()? },
            kind::AWAY => Record::Away { epoch: self.number()?, since_ms: self.number()? },
            kind::SHARES_AUDIENCE => Record::SharesAudience(self.flag()?),
            kind::HAS_CLOCK if self.has_moments() => Record::HasClock(self.flag()?),
            kind::SHARES_ROSTER => Record::SharesRoster(self.flag()?),
            kind::CLOSED => Record::Closed,
            kind::CHECKPOINT => Record::Checkpoint(self.checkpoint(None)?),
            kind::CHECKPOINT_WITH_CODE => {
                let code = self.code()?;
                Record::Checkpoint(self.checkpoint(Some(code))?)
            }
            kind::SKIPPED => Record::Skipped { seq: self.number()?, epoch: self.number()? },
            0 => return Err(RecordError::Damaged),
            _ => return Err(RecordError::Newer),
        })
    }

    fn opened(&mut self, code: Option<RoomCode>) -> Result<Record<'a>, RecordError> {
        Ok(Record::Opened { key: self.key()?, session: self.optional(Self::text)?, code })
    }

    /// A code is written as it is shown, and in no other way.
    fn code(&mut self) -> Result<RoomCode, RecordError> {
        let text = self.text()?;
        RoomCode::parse(text).filter(|code| code.as_str() == text).ok_or(RecordError::Damaged)
    }

    fn checkpoint(&mut self, code: Option<RoomCode>) -> Result<Checkpoint<'a>, RecordError> {
        Ok(Checkpoint {
            code,
            head: self.number()?,
            shares_audience: self.flag()?,
            has_clock: self.has_moments() && self.flag()?,
            owner: self.owner()?,
            slots: self.list(|reader| Ok((reader.number()?, reader.action()?)))?,
            entries: if self.has_entries() { self.list(Self::numbered_entry)? } else { Vec::new() },
            votes: if self.has_entries() { self.list(Self::lane_votes)? } else { Vec::new() },
            members: if self.has_members() { self.members()? } else { MembersState::default() },
        })
    }

    fn owner(&mut self) -> Result<OwnerState<'a>, RecordError> {
        Ok(OwnerState {
            key: self.key()?,
            epoch: self.number()?,
            session: self.optional(Self::text)?,
            away_since_ms: self.optional(Self::number)?,
            answers: self.list(Self::answer)?,
            other_sessions: self.list(|reader| Ok((reader.text()?, reader.list(Self::answer)?)))?,
        })
    }

    fn answer(&mut self) -> Result<Answer, RecordError> {
        match self.byte()? {
            answer::APPENDED => Ok(Answer::Appended {
                first_id: self.number()?,
                last_id: self.number()?,
                last_seq: self.number()?,
            }),
            answer::REFUSED => Ok(Answer::Refused { id: self.number()?, refusal: self.refusal()? }),
            _ => Err(RecordError::Damaged),
        }
    }

    fn refusal(&mut self) -> Result<Refusal, RecordError> {
        Ok(Refusal {
            code: self.text()?.to_owned(),
            message: self.text()?.to_owned(),
            id: self.optional(Self::number)?,
            retry_after_ms: self.optional(Self::number)?,
        })
    }

    fn action(&mut self) -> Result<Action<&'a str>, RecordError> {
        let (key, params, slot) = (self.text()?, self.text()?, self.optional(Self::text)?);
        let at = if self.has_moments() { self.optional(Self::number)? } else { None };
        Ok(Action { key, params, slot, at })
    }

    pub(super) fn key(&mut self) -> Result<KeyDigest, RecordError> {
        let bytes = self.bytes(size_of::<KeyDigest>())?;
        bytes.try_into().map(KeyDigest).map_err(|_| RecordError::Damaged)
    }

    /// A list has no more items than bytes, so its count is not trusted with memory beforehand.
    pub(super) fn list<T>(
        &mut self,
        item: impl Fn(&mut Self) -> Result<T, RecordError>,
    ) -> Result<Vec<T>, RecordError> {
        let count = self.number()?;
        (0..count).map(|_| item(self)).collect()
    }

    pub(super) fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, RecordError>,
    ) -> Result<Option<T>, RecordError> {
        self.flag()?.then(|| read(self)).transpose()
    }

    pub(super) fn flag(&mut self) -> Result<bool, RecordError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(RecordError::Damaged),
        }
    }

    pub(super) fn text(&mut self) -> Result<&'a str, RecordError> {
        let length = usize::try_from(self.number()?).map_err(|_| RecordError::Damaged)?;
        std::str::from_utf8(self.bytes(length)?).map_err(|_| RecordError::Damaged)
    }

    pub(super) fn number(&mut self) -> Result<u64, RecordError> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(RecordError::Damaged);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(RecordError::Damaged)
    }

    fn has_moments(&self) -> bool {
        self.format >= FORMAT_WITH_MOMENTS
    }

    fn has_members(&self) -> bool {
        self.format >= FORMAT_WITH_MEMBERS
    }

    fn has_entries(&self) -> bool {
        self.format >= FORMAT_WITH_ENTRIES
    }

    pub(super) fn byte(&mut self) -> Result<u8, RecordError> {
        self.bytes(1).map(|bytes| bytes[0])
    }

    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], RecordError> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(RecordError::Torn)?;
        self.rest = rest;
        Ok(bytes)
    }
}
