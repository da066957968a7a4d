//! The bytes of members, within a [`Record`](super::Record).

use super::bytes::{number, optional, text};
use crate::{InvitedMember, MembersState};

pub(super) fn write_state(out: &mut Vec<u8>, members: &MembersState<'_>) {
    number(out, members.invited.len() as u64);
    members.invited.iter().for_each(|invited| write_invited(out, invited));
    number(out, u64::from(members.pen));
    number(out, members.turn_began);
    out.push(u8::from(members.turn_is_claimed));
    optional(out, members.creator_turn_ended, number);
}

pub(super) fn write_invited(out: &mut Vec<u8>, invited: &InvitedMember<'_>) {
    number(out, u64::from(invited.seat));
    out.extend_from_slice(&invited.key.0);
    optional(out, invited.name.as_deref(), text);
    optional(out, invited.expires_ms, number);
    optional(out, invited.turn_ended, number);
}
