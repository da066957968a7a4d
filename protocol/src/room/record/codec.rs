//! The bytes of a [`Record`]: a byte for the format, one for the kind, the length of the body, and
//! the body. Numbers are LEB128; a text is its length and its UTF-8; what may be missing has a byte
//! 0 or 1 before it.

use super::bytes::{number, optional, text};
use super::{Checkpoint, Record, entries, members};
use crate::{Action, Answer, Entry, OwnerState, Refusal, RoomCode};

/// The first byte of a record. A change of the bytes below needs another one.
pub(super) const FORMAT: u8 = 1;

/// The first byte of a record that has to do with moments: actions have a moment behind the slot,
/// and a checkpoint says whether the room has a clock. All else has the bytes that it had before
/// there were moments.
pub(super) const FORMAT_WITH_MOMENTS: u8 = 2;

/// The first byte of a record that has to do with entries or votes. It has all that one with
/// moments has, and a checkpoint has entries and votes behind its slots.
pub(super) const FORMAT_WITH_ENTRIES: u8 = 3;

/// The first byte of a record that has to do with members. It has all that one with entries has,
/// and a checkpoint has the members at its end.
pub(super) const FORMAT_WITH_MEMBERS: u8 = 4;

/// The second byte of a record.
pub(super) mod kind {
    pub(in super::super) const OPENED: u8 = 1;
    pub(in super::super) const ACTED: u8 = 2;
    pub(in super::super) const CLEARED: u8 = 3;
    pub(in super::super) const REFUSED: u8 = 4;
    pub(in super::super) const CLAIMED: u8 = 5;
    pub(in super::super) const AWAY: u8 = 6;
    pub(in super::super) const SHARES_AUDIENCE: u8 = 7;
    pub(in super::super) const CLOSED: u8 = 8;
    pub(in super::super) const CHECKPOINT: u8 = 9;
    pub(in super::super) const SKIPPED: u8 = 10;
    /// The code, and then what [`OPENED`] has.
    pub(in super::super) const OPENED_WITH_CODE: u8 = 11;
    /// The code, and then what [`CHECKPOINT`] has.
    pub(in super::super) const CHECKPOINT_WITH_CODE: u8 = 12;
    pub(in super::super) const HAS_CLOCK: u8 = 13;
    pub(in super::super) const SHARES_ROSTER: u8 = 16;
    pub(in super::super) const ENTERED: u8 = 14;
    pub(in super::super) const VOTED: u8 = 15;
    pub(in super::super) const INVITED: u8 = 17;
    pub(in super::super) const REVOKED: u8 = 18;
}

/// The first byte of an answer within a checkpoint.
pub(super) mod answer {
    pub(in super::super) const APPENDED: u8 = 0;
    pub(in super::super) const REFUSED: u8 = 1;
}

impl Record<'_> {
    /// Appends the record's bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut body = Vec::new();
        let format = self.format();
        let kind = self.write_body(&mut body, format);
        out.extend_from_slice(&[format, kind]);
        number(out, body.len() as u64);
        out.extend_from_slice(&body);
    }

    /// The first format that can say it.
    fn format(&self) -> u8 {
        match self {
            Self::Invited(_) | Self::Revoked(_) => FORMAT_WITH_MEMBERS,
            Self::Entered { entry, .. } if matches!(**entry, Entry::Driver(_)) => FORMAT_WITH_MEMBERS,
            Self::Checkpoint(checkpoint) if !checkpoint.members.is_untouched() => FORMAT_WITH_MEMBERS,
            Self::Entered { .. } | Self::Voted(_) => FORMAT_WITH_ENTRIES,
            Self::Checkpoint(checkpoint) if checkpoint.has_entries() => FORMAT_WITH_ENTRIES,
            Self::Acted { action, .. } if action.at.is_some() => FORMAT_WITH_MOMENTS,
            Self::Checkpoint(checkpoint) if checkpoint.has_moments() => FORMAT_WITH_MOMENTS,
            Self::HasClock(_) => FORMAT_WITH_MOMENTS,
            _ => FORMAT,
        }
    }

    /// Writes everything behind the length, and returns the kind.
    fn write_body(&self, out: &mut Vec<u8>, format: u8) -> u8 {
        match self {
            Self::Opened { key, session, code } => {
                let kind = with_code(out, *code, kind::OPENED, kind::OPENED_WITH_CODE);
                out.extend_from_slice(&key.0);
                optional(out, *session, text);
                kind
            }
            Self::Acted { by, id, seq, action } => {
                actor(out, *by, *id);
                number(out, *seq);
                write_action(out, *action, format);
                kind::ACTED
            }
            Self::Cleared { by, id, seq, slot } => {
                actor(out, *by, *id);
                number(out, *seq);
                text(out, slot);
                kind::CLEARED
            }
            Self::Entered { by, id, seq, entry } => {
                actor(out, *by, *id);
                number(out, *seq);
                entries::write_entry(out, entry);
                kind::ENTERED
            }
            Self::Voted((lane, votes)) => {
                text(out, lane);
                entries::write_votes(out, votes);
                kind::VOTED
            }
            Self::Invited(invited) => {
                members::write_invited(out, invited);
                kind::INVITED
            }
            Self::Revoked(seat) => {
                number(out, u64::from(*seat));
                kind::REVOKED
            }
            Self::Refused { by, refusal } => {
                optional(out, *by, text);
                write_refusal(out, refusal);
                kind::REFUSED
            }
            Self::Claimed { session, epoch } => {
                optional(out, *session, text);
                number(out, *epoch);
                kind::CLAIMED
            }
            Self::Away { epoch, since_ms } => {
                number(out, *epoch);
                number(out, *since_ms);
                kind::AWAY
            }
            Self::SharesAudience(shares) => flag(out, *shares, kind::SHARES_AUDIENCE),
            Self::HasClock(has_clock) => flag(out, *has_clock, kind::HAS_CLOCK),
            Self::SharesRoster(shares) => flag(out, *shares, kind::SHARES_ROSTER),
            Self::Closed => kind::CLOSED,
            Self::Checkpoint(checkpoint) => {
                let (plain, coded) = (kind::CHECKPOINT, kind::CHECKPOINT_WITH_CODE);
                let kind = with_code(out, checkpoint.code, plain, coded);
                write_checkpoint(out, checkpoint, format);
                kind
            }
            Self::Skipped { seq, epoch } => {
                number(out, *seq);
                number(out, *epoch);
                kind::SKIPPED
            }
        }
    }
}

/// Writes the code if there is one. Returns the kind of the record: `plain` without a code, and
/// `coded` with one. So what has no code has the bytes that it had before there were codes.
fn with_code(out: &mut Vec<u8>, code: Option<RoomCode>, plain: u8, coded: u8) -> u8 {
    let Some(code) = code else { return plain };
    text(out, code.as_str());
    coded
}

fn write_checkpoint(out: &mut Vec<u8>, checkpoint: &Checkpoint<'_>, format: u8) {
    number(out, checkpoint.head);
    out.push(u8::from(checkpoint.shares_audience));
    if format >= FORMAT_WITH_MOMENTS {
        out.push(u8::from(checkpoint.has_clock));
    }
    write_owner(out, &checkpoint.owner);
    number(out, checkpoint.slots.len() as u64);
    for (seq, action) in &checkpoint.slots {
        number(out, *seq);
        write_action(out, *action, format);
    }
    if format >= FORMAT_WITH_ENTRIES {
        entries::write_checkpoint_part(out, checkpoint);
    }
    if format >= FORMAT_WITH_MEMBERS {
        members::write_state(out, &checkpoint.members);
    }
}

fn write_owner(out: &mut Vec<u8>, owner: &OwnerState<'_>) {
    out.extend_from_slice(&owner.key.0);
    number(out, owner.epoch);
    optional(out, owner.session, text);
    optional(out, owner.away_since_ms, number);
    write_answers(out, &owner.answers);
    number(out, owner.other_sessions.len() as u64);
    for (session, answers) in &owner.other_sessions {
        text(out, session);
        write_answers(out, answers);
    }
}

fn write_answers(out: &mut Vec<u8>, answers: &[Answer]) {
    number(out, answers.len() as u64);
    for answer in answers {
        match answer {
            Answer::Appended { first_id, last_id, last_seq } => {
                out.push(answer::APPENDED);
                for value in [*first_id, *last_id, *last_seq] {
                    number(out, value);
                }
            }
            Answer::Refused { id, refusal } => {
                out.push(answer::REFUSED);
                number(out, *id);
                write_refusal(out, refusal);
            }
        }
    }
}

fn write_refusal(out: &mut Vec<u8>, refusal: &Refusal) {
    text(out, &refusal.code);
    text(out, &refusal.message);
    optional(out, refusal.id, number);
    optional(out, refusal.retry_after_ms, number);
}

fn write_action(out: &mut Vec<u8>, action: Action<&str>, format: u8) {
    let Action { key, params, slot, at } = action;
    text(out, key);
    text(out, params);
    optional(out, slot, text);
    if format >= FORMAT_WITH_MOMENTS {
        optional(out, at, number);
    }
}

/// Writes a record that is nothing but true or false. Returns its kind.
fn flag(out: &mut Vec<u8>, is_set: bool, kind: u8) -> u8 {
    out.push(u8::from(is_set));
    kind
}

fn actor(out: &mut Vec<u8>, by: Option<&str>, id: Option<u64>) {
    optional(out, by, text);
    optional(out, id, number);
}
