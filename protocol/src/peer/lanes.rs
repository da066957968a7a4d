//! What a client says on lanes, and what an owner is told of them.

use std::collections::VecDeque;

use super::{Peer, Role};
use crate::room::{Frame, LanesTold};
use crate::{
    Delay, Host, LaneMessage, LaneOutcome, LaneWord, Rate, Refusal, RefusalCode, RoomId, SharedLanes,
    Speaker, Timestamp, TokenBucket, VoterDigest, render,
};

/// Longest time for which a client isn't read that says too much, in milliseconds.
const LONGEST_PAUSE_MS: u64 = 1_000;

/// A client is told that it is too fast at most once in so many milliseconds.
const TOLD_TOO_SOON_MS: u64 = 1_000;

/// In so many seconds a client may say at once what it may say in them.
const BURST_SECONDS: u64 = 5;

/// Votes that wait for their answers. A client that has more is answered the newest only.
const MAX_WAITING: usize = 16;

/// What a connection has to do with its room's lanes. Most have nothing to do with them.
#[derive(Debug, Default)]
pub(super) struct LanePart {
    speaker: Speaker,
    /// Bounds how much it says. None before it has said anything.
    bucket: Option<TokenBucket>,
    /// When it was told last that it is too fast.
    told_too_soon_at: Option<Timestamp>,
    /// Votes that are not kept yet.
    waiting: VecDeque<WaitingVote>,
    /// What an owner was told.
    told: LanesTold,
}

/// A vote whose answer waits until it is kept.
#[derive(Debug)]
struct WaitingVote {
    lane: String,
    batch: u64,
    option: u64,
    number: u64,
}

impl Peer {
    /// Takes what the client says on a lane.
    pub(super) fn speak(&mut self, message: &LaneMessage<'_>, now: Timestamp, host: &mut impl Host) {
        let room = match &self.role {
            Role::Follower { room, .. } => *room,
            Role::Owner { .. } => {
                let text = "the owner of a room hears what is said on its lanes, and says nothing on them";
                return self.refuse_on_lane(
                    message,
                    Refusal::with_message(RefusalCode::Forbidden, text),
                    host,
                );
            }
            Role::Outside | Role::Gone => {
                return self.refuse_on_lane(message, RefusalCode::NotInRoom.into(), host);
            }
        };
        let Some(lanes) = host.lanes(room) else {
            return self.refuse_on_lane(message, RefusalCode::UnknownRoom.into(), host);
        };
        self.pause_speaker(&lanes, now, host);
        if let Err(refusal) = self.find_voter(room, message, host) {
            return self.refuse_on_lane(message, refusal, host);
        }
        let seat = self.roster.as_ref().and_then(|part| part.seat);
        let part = self.lanes.get_or_insert_default();
        part.speaker.seat = seat;
        let (outcome, alarm) = lanes.with(|lanes| lanes.take(message, &mut part.speaker, now));
        if let Some(moment) = alarm {
            host.wake_at(room, moment);
        }
        host.note_lane_message(&message.word, &outcome);
        match outcome {
            LaneOutcome::Taken | LaneOutcome::Dropped => {}
            LaneOutcome::Voted { batch, option, number } => {
                part.wait_for(WaitingVote { lane: message.lane.to_string(), batch, option, number });
            }
            LaneOutcome::TooSoon { wait_ms } => self.refuse_too_soon(message, wait_ms, now, host),
            LaneOutcome::Refused(refusal) => self.refuse_on_lane(message, refusal, host),
        }
    }

    /// Counts a message against what the client, and all clients together, may say. Beyond that it
    /// isn't read for a while.
    fn pause_speaker(&mut self, lanes: &SharedLanes, now: Timestamp, host: &mut impl Host) {
        let per_second = lanes.with(|lanes| lanes.messages_per_second());
        let rate = Rate { times: per_second * BURST_SECONDS, window_ms: BURST_SECONDS * 1_000 };
        let bucket =
            self.lanes.get_or_insert_default().bucket.get_or_insert_with(|| TokenBucket::new(rate, now));
        bucket.take_with_debt(1, rate, now);
        let pause = [bucket.debt(now), host.lane_pause(now)].into_iter().flatten();
        let longest = pause.map(Delay::milliseconds).max().map(|pause| pause.min(LONGEST_PAUSE_MS));
        self.pause_for(longest.and_then(Delay::from_milliseconds), now);
    }

    /// Finds out who votes, if this is a vote.
    ///
    /// # Errors
    /// `malformed`: the client doesn't say who it is, or said before that it is somebody else.
    fn find_voter(
        &mut self,
        room: RoomId,
        message: &LaneMessage<'_>,
        host: &mut impl Host,
    ) -> Result<(), Refusal> {
        let LaneWord::Vote { session, .. } = &message.word else { return Ok(()) };
        let voter = voter(room, session.as_deref(), host)?;
        let speaker = &mut self.lanes.get_or_insert_default().speaker;
        if *speaker.voter.get_or_insert(voter) == voter {
            return Ok(());
        }
        let message = "a connection has one \"session\" for all its votes";
        Err(Refusal::with_message(RefusalCode::Malformed, message))
    }

    fn refuse_too_soon(
        &mut self,
        message: &LaneMessage<'_>,
        wait_ms: u64,
        now: Timestamp,
        host: &mut impl Host,
    ) {
        let part = self.lanes.get_or_insert_default();
        if part.told_too_soon_at.is_none_or(|at| at.after(TOLD_TOO_SOON_MS) <= now) {
            part.told_too_soon_at = Some(now);
            self.refuse_on_lane(message, Refusal::until_later(RefusalCode::RateLimited, wait_ms), host);
        }
    }

    fn refuse_on_lane(&mut self, message: &LaneMessage<'_>, refusal: Refusal, host: &mut impl Host) {
        host.note_refusal(&refusal);
        self.answers.refusals += 1;
        let number = match message.word {
            LaneWord::Vote { number, .. } => Some(number),
            _ => None,
        };
        let mut text = String::new();
        render::refused_on_lane(&mut text, &message.lane, number, &refusal);
        self.answers.push_rendered(&text);
    }

    /// Answers the votes that are kept by now.
    pub(super) fn answer_votes(&mut self, host: &mut impl Host) {
        let Some(part) = self.lanes.as_mut().filter(|part| !part.waiting.is_empty()) else { return };
        let Role::Follower { room, .. } = self.role else { return };
        let waiting = &mut part.waiting;
        let kept = host.with(room, |room| {
            let count = waiting.iter().take_while(|vote| room.is_batch_kept(vote.batch)).count();
            waiting.drain(..count).collect::<Vec<_>>()
        });
        for WaitingVote { lane, option, number, .. } in kept.unwrap_or_default() {
            let mut text = String::new();
            render::voted(&mut text, &lane, option, number);
            self.answers.push_rendered(&text);
        }
    }

    /// Whether votes wait for their answers. The client is not in step with others then.
    pub(super) fn awaits_votes(&self) -> bool {
        self.lanes.as_ref().is_some_and(|part| !part.waiting.is_empty())
    }

    /// Tells an owner what was said on its lanes. It waits behind everything else, so that it never
    /// counts as an answer.
    pub(super) fn tell_lanes(&mut self, frame: &mut Frame, host: &mut impl Host) {
        let Role::Owner { room, .. } = self.role else { return };
        if self.ending.is_some() || !self.answers.is_compact() {
            return;
        }
        let told = &mut self.lanes.get_or_insert_default().told;
        host.with(room, |room| room.tell_lanes(told, frame));
    }
}

impl LanePart {
    fn wait_for(&mut self, vote: WaitingVote) {
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
