//! What a client says on lanes, and what an owner is told of them.

use super::lane_part::{WaitingVote, voter};
use super::{Peer, Role};
use crate::room::Frame;
use crate::{
    Delay, Host, LaneMessage, LaneOutcome, LaneWord, Rate, Refusal, RefusalCode, RoomId, SharedLanes,
    Timestamp, TokenBucket, render,
};

/// Longest time for which a client isn't read that says too much, in milliseconds.
const LONGEST_PAUSE_MS: u64 = 1_000;

/// A client is told that it is too fast at most once in so many milliseconds.
const TOLD_TOO_SOON_MS: u64 = 1_000;

/// In so many seconds a client may say at once what it may say in them.
const BURST_SECONDS: u64 = 5;

impl Peer {
    /// Takes what the client says on a lane.
    pub(super) fn speak(&mut self, message: &LaneMessage<'_>, now: Timestamp, host: &mut impl Host) {
        let room = match &self.role {
            Role::Follower { room, .. } => *room,
            Role::Owner { .. } => {
                let text = "the owner of a room hears what is said on its lanes, and says nothing on them";
                return self.refuse_on_lane(
                    message,
                    &Refusal::with_message(RefusalCode::Forbidden, text),
                    host,
                );
            }
            Role::Outside | Role::Gone => {
                return self.refuse_on_lane(message, &RefusalCode::NotInRoom.into(), host);
            }
        };
        let Some(lanes) = host.lanes(room) else {
            return self.refuse_on_lane(message, &RefusalCode::UnknownRoom.into(), host);
        };
        self.pause_speaker(&lanes, now, host);
        if let Err(refusal) = self.find_voter(room, message, host) {
            return self.refuse_on_lane(message, &refusal, host);
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
            LaneOutcome::Refused(refusal) => self.refuse_on_lane(message, &refusal, host),
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
            self.refuse_on_lane(message, &Refusal::until_later(RefusalCode::RateLimited, wait_ms), host);
        }
    }

    fn refuse_on_lane(&mut self, message: &LaneMessage<'_>, refusal: &Refusal, host: &mut impl Host) {
        host.note_refusal(refusal);
        self.answers.refusals += 1;
        let number = match message.word {
            LaneWord::Vote { number, .. } => Some(number),
            _ => None,
        };
        let mut text = String::new();
        render::refused_on_lane(&mut text, &message.lane, number, refusal);
        self.answers.push_rendered(&text);
    }

    /// Answers the votes that are kept by now.
    pub(super) fn answer_votes(&mut self, host: &mut impl Host) {
        let Some(part) = self.lanes.as_mut().filter(|part| !part.waiting.is_empty()) else { return };
        let Role::Follower { room, .. } = self.role else { return };
        let Some(lanes) = host.lanes(room) else { return };
        let count = part.waiting.iter().take_while(|vote| lanes.is_batch_kept(vote.batch)).count();
        for WaitingVote { lane, option, number, .. } in part.waiting.drain(..count) {
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
        let Role::Owner { room, claim, .. } = &mut self.role else { return };
        if self.ending.is_some() || !self.answers.is_compact() {
            return;
        }
        let told = &mut self.lanes.get_or_insert_default().told;
        // One that owns the room no more is told so by what serves it.
        claim.act(host, *room, |room| room.tell_lanes(told, frame)).ok();
    }
}
