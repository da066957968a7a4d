//! What a connection has to do with its room's lanes, and who votes.

use std::collections::VecDeque;

use crate::room::LanesTold;
use crate::{Host, Refusal, RefusalCode, RoomId, Speaker, Timestamp, TokenBucket, VoterDigest};

/// Votes that wait for their answers, at most one on each lane. A client that has more is answered
/// the newest only.
const MAX_WAITING: usize = 256;

/// What a connection has to do with its room's lanes. Most have nothing to do with them.
#[derive(Debug, Default)]
pub(super) struct LanePart {
    pub(super) speaker: Speaker,
    /// Bounds how much it says. None before it has said anything.
    pub(super) bucket: Option<TokenBucket>,
    /// When it was told last that it is too fast.
    pub(super) told_too_soon_at: Option<Timestamp>,
    /// Votes that are not kept yet.
    pub(super) waiting: VecDeque<WaitingVote>,
    /// What an owner was told.
    pub(super) told: LanesTold,
}

/// A vote whose answer waits until it is kept.
#[derive(Debug)]
pub(super) struct WaitingVote {
    pub(super) lane: String,
    pub(super) batch: u64,
    pub(super) option: u64,
    pub(super) number: u64,
}

impl LanePart {
    pub(super) fn wait_for(&mut self, vote: WaitingVote) {
        // Its number is as high at least.
        self.waiting.retain(|other| other.lane != vote.lane);
        if self.waiting.len() == MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(vote);
    }
}

/// Who votes in a room: the subject of its token, or else its session.
///
/// # Errors
/// `malformed`: there is neither.
pub fn voter(room: RoomId, session: Option<&str>, host: &mut impl Host) -> Result<VoterDigest, Refusal> {
    let (name, kind) = match (host.token_subject(), session) {
        (Some(subject), _) => (subject, "subject"),
        (None, Some(session)) => (session.to_owned(), "session"),
        (None, None) => {
            let message = "a vote needs a \"session\", which says who votes";
            return Err(Refusal::with_message(RefusalCode::Malformed, message));
        }
    };
    let digest = host.digest(&format!("{name} {kind} {room}"));
    let mut voter = VoterDigest::default();
    voter.copy_from_slice(&digest.0[..size_of::<VoterDigest>()]);
    Ok(voter)
}
