//! The lanes of a room, behind a lock of their own: however much followers say, it doesn't hold up
//! the log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::inbox::{Inbox, Said};
use super::lane::{Choice, OpenLane, Tally};
use super::{LaneOutcome, Speaker};
use crate::mutation::mutated;
use crate::{Lane, LaneMessage, LaneWord, Limits, Rate, Refusal, RefusalCode, Timestamp, TokenBucket, Vote};

/// The owner is told at most once in so many milliseconds.
const TOLD_EACH_MS: u64 = 1_000;

/// When so many votes wait to be staged, they don't wait for the second to end.
const BATCH_VOTES: usize = 512;

/// Estimate of the memory that a voter takes, in bytes.
const VOTER_BYTES: usize = 64;

/// The lanes of one room. All copies are the same lanes.
#[derive(Debug, Clone)]
pub struct SharedLanes {
    lanes: Arc<Mutex<Lanes>>,
    /// The newest batch of votes that is kept.
    kept_batch: Arc<AtomicU64>,
}

/// What is said on the lanes of a room, and what of it was not told yet.
#[derive(Debug)]
pub struct Lanes {
    lanes: Vec<OpenLane>,
    inbox: Inbox,
    /// Bounds how many values there are. None before the first.
    says: Option<TokenBucket>,
    /// When the room is to look here. None if there is nothing for it.
    due: Option<Timestamp>,
    /// When it looked here last to tell the owner.
    told_at: Option<Timestamp>,
    /// The number of the batch of votes that is gathered now.
    batch: u64,
    /// Whether a voter waits until that batch is kept. Its vote may be in none, sent once more.
    is_awaited: bool,
    /// Grows whenever the owner is to be told something.
    version: u64,
    /// Whether the server has memory for more voters.
    has_space: bool,
    limits: Limits,
}

/// What a room finds when it looks at its lanes.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The number of the batch.
    pub(crate) number: u64,
    /// Whether a voter waits until it is kept.
    pub(crate) is_awaited: bool,
    /// The votes of each lane that are to be staged.
    pub(crate) votes: Vec<(String, Vec<Vote>)>,
    /// Estimate of the memory that all voters take, in bytes.
    pub(crate) bytes: usize,
}

impl SharedLanes {
    pub(crate) fn new(limits: &Limits) -> Self {
        let lanes = Lanes {
            lanes: Vec::new(),
            inbox: Inbox::default(),
            says: None,
            due: None,
            told_at: None,
            batch: 1,
            is_awaited: false,
            version: 0,
            has_space: true,
            limits: limits.clone(),
        };
        Self { lanes: Arc::new(Mutex::new(lanes)), kept_batch: Arc::default() }
    }

    /// Does something with the lanes. Nobody else does meanwhile, so it should be short.
    pub fn with<R>(&self, act: impl FnOnce(&mut Lanes) -> R) -> R {
        // They are consistent at every point where a panic could happen.
        act(&mut self.lanes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the journal has kept a batch of votes. Takes no lock, so that many can ask.
    #[must_use]
    pub fn is_batch_kept(&self, batch: u64) -> bool {
        batch <= self.kept_batch.load(Ordering::Acquire) || mutated!(AnswerVoteAtOnce)
    }

    pub(super) fn note_kept_batch(&self, batch: u64) {
        self.kept_batch.store(batch, Ordering::Release);
    }
}

impl Lanes {
    /// Takes what a follower says. Returns what became of it, and when the room is to be
    /// [looked after](crate::Room::tick), if it isn't to be anyway.
    ///
    /// A vote needs [`Speaker::voter`].
    pub fn take(
        &mut self,
        message: &LaneMessage<'_>,
        speaker: &mut Speaker,
        now: Timestamp,
    ) -> (LaneOutcome, Option<Timestamp>) {
        let outcome = self.judge(message, speaker, now);
        let alarm = match outcome {
            LaneOutcome::Refused(_) => None,
            _ => self.set_due(now),
        };
        (outcome, alarm)
    }

    /// How many messages per second a follower may say on all lanes.
    pub(crate) fn messages_per_second(&self) -> u64 {
        self.limits.audience_messages_per_second.max(1)
    }

    fn judge(&mut self, message: &LaneMessage<'_>, speaker: &mut Speaker, now: Timestamp) -> LaneOutcome {
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.name == message.lane) else {
            let text = "the room has no such lane now: its owner opens and ends them";
            return LaneOutcome::Refused(Refusal::with_message(RefusalCode::Forbidden, text));
        };
        if let Err(refusal) = lane.check(&message.word, self.limits.lane_value_bytes) {
            return LaneOutcome::Refused(refusal);
        }
        lane.tried += 1;
        if let LaneWord::Say(_) | LaneWord::React(_) = message.word
            && let Err(wait_ms) = speaker.may_speak(lane.seq, lane.lane.per_ms, now)
        {
            lane.note_dropped();
            return LaneOutcome::TooSoon { wait_ms };
        }
        match (&message.word, &mut lane.tally) {
            (LaneWord::React(symbol), Tally::Counts(counts)) => {
                if let Some(at) = lane.lane.symbols().iter().position(|other| *other == **symbol) {
                    counts[at] += 1;
                }
                LaneOutcome::Taken
            }
            (LaneWord::Say(value), Tally::Said(said)) => {
                let rate = Rate::per_second(self.limits.lane_says_per_second);
                let bucket = self.says.get_or_insert_with(|| TokenBucket::new(rate, now));
                if self.inbox.len() >= self.limits.lane_inbox || bucket.try_take(rate, now).is_err() {
                    lane.note_dropped();
                    return LaneOutcome::Dropped;
                }
                *said += 1;
                let (name, value) = (lane.name.clone(), value.clone().into_owned());
                self.inbox.push(Said { lane: name, seq: lane.seq, seat: speaker.seat, value });
                LaneOutcome::Taken
            }
            (LaneWord::Vote { option, number, .. }, Tally::Votes(votes)) => {
                let Some(voter) = speaker.voter else {
                    return LaneOutcome::Refused(RefusalCode::Malformed.into());
                };
                let is_full = votes.voters() >= self.limits.voters_per_lane || !self.has_space;
                if is_full && votes.choice(&voter).is_none() {
                    lane.note_dropped();
                    let message = "so many have voted on this lane that it takes no more voters \
                                   (--voters-per-lane)";
                    return LaneOutcome::Refused(Refusal::with_message(RefusalCode::RoomFull, message));
                }
                let counted = votes.vote(voter, Choice { number: *number, option: *option });
                self.is_awaited = true;
                LaneOutcome::Voted { batch: self.batch, option: counted.option, number: counted.number }
            }
            // `check` has refused all other pairs.
            _ => LaneOutcome::Dropped,
        }
    }

    /// Has the room look here, if it isn't going to. Returns when.
    fn set_due(&mut self, now: Timestamp) -> Option<Timestamp> {
        let waiting: usize = self.votes().map(|(_, votes)| votes.unstaged()).sum();
        let next = self.told_at.map_or(now, |at| now.max(at.after(TOLD_EACH_MS)));
        let is_urgent = waiting >= BATCH_VOTES || mutated!(TellLanesAtOnce);
        let due = if is_urgent { now } else { next };
        if self.due.is_some_and(|other| other <= due) {
            return None;
        }
        self.due = Some(due);
        Some(due)
    }

    fn votes(&self) -> impl Iterator<Item = (&str, &super::lane::Votes)> {
        self.lanes.iter().filter_map(|lane| match &lane.tally {
            Tally::Votes(votes) => Some((&*lane.name, votes)),
            _ => None,
        })
    }

    /// Opens a lane at this seq, or sets it anew, or ends it.
    pub(super) fn set(&mut self, seq: u64, name: &str, lane: Option<&Lane>) {
        self.version += 1;
        let kept = mutated!(KeepCountsOfResetLane) && lane.is_some();
        let before = self.lanes.iter().position(|other| other.name == name);
        if let (Some(at), Some(lane), true) = (before, lane, kept) {
            (self.lanes[at].seq, self.lanes[at].lane) = (seq, lane.clone());
            return;
        }
        before.map(|at| self.lanes.remove(at));
        self.lanes.extend(lane.map(|lane| OpenLane::new(name, seq, lane)));
    }

    /// Makes these the lanes of another room, of which all is known.
    pub(super) fn replace(&mut self, other: &mut Self) {
        self.lanes = std::mem::take(&mut other.lanes);
        self.version += 1;
    }

    /// Counts votes that were staged before. Returns an estimate of the memory that all voters
    /// take, in bytes.
    pub(super) fn restore_votes(&mut self, name: &str, votes: &[Vote]) -> usize {
        let lane = self.lanes.iter_mut().find(|lane| lane.name == name);
        if let Some(Tally::Votes(tally)) = lane.map(|lane| &mut lane.tally) {
            for Vote { voter, number, option } in votes {
                tally.apply(*voter, Choice { number: *number, option: *option });
            }
        }
        self.version += 1;
        self.voters() * VOTER_BYTES
    }

    /// All votes of each lane that has some, in no order.
    pub(super) fn all_votes(&self) -> Vec<(String, Vec<Vote>)> {
        let lanes = self.votes().filter(|(_, votes)| votes.voters() > 0);
        lanes.map(|(name, votes)| (name.to_owned(), votes.all())).collect()
    }

    /// When the room is to look here. None if there is nothing for it.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// What the room is to do because of what was said, if that is due. Votes may be staged more
    /// often than the owner is told.
    pub(super) fn look(&mut self, now: Timestamp, is_owner_here: bool, has_space: bool) -> Option<Batch> {
        if self.due.is_none_or(|due| due > now) {
            return None;
        }
        (self.due, self.has_space) = (None, has_space);
        let told_next = self.told_at.map(|at| at.after(TOLD_EACH_MS)).filter(|next| *next > now);
        if let Some(next) = told_next
            && !mutated!(TellLanesAtOnce)
        {
            self.due = Some(next);
            return Some(self.take_batch());
        }
        self.told_at = Some(now);
        self.version += 1;
        if is_owner_here {
            self.inbox.release();
        } else {
            self.drop_inbox();
        }
        Some(self.take_batch())
    }

    /// Takes out the votes that are to be staged.
    pub(super) fn take_batch(&mut self) -> Batch {
        let number = self.batch;
        self.batch += 1;
        let (mut staged, bytes) = (Vec::new(), self.voters() * VOTER_BYTES);
        for lane in &mut self.lanes {
            if let Tally::Votes(votes) = &mut lane.tally {
                let votes = votes.take_unstaged();
                if !votes.is_empty() {
                    staged.push((lane.name.clone(), votes));
                }
            }
        }
        Batch { number, is_awaited: std::mem::take(&mut self.is_awaited), votes: staged, bytes }
    }

    /// Nobody is there to be told. What was said counts as dropped, unless its lane has ended or
    /// begun again since.
    fn drop_inbox(&mut self) {
        for said in self.inbox.drain() {
            if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.seq == said.seq) {
                lane.note_dropped();
                if let Tally::Said(count) = &mut lane.tally {
                    *count -= 1;
                }
            }
        }
    }

    /// See [`Room::tell_lanes`](crate::Room::tell_lanes).
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    pub(super) fn take_said(&mut self, bytes: usize) -> Option<Said> {
        self.inbox.take(bytes)
    }

    pub(super) fn open(&self) -> &[OpenLane] {
        &self.lanes
    }

    /// How many voters all lanes have together.
    pub(super) fn voters(&self) -> usize {
        self.votes().map(|(_, votes)| votes.voters()).sum()
    }
}
