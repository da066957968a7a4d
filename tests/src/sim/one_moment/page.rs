//! A page of the simulation of moments: its clock, its network, its session, and what it must be
//! handed.

use std::collections::{BTreeSet, VecDeque};

use rtbroadcaster_protocol::{Goal, Peer, Session, SessionOptions, Timestamp};

/// The clock of a page's machine. It runs a little too fast or too slow, and may stand still.
#[derive(Debug)]
pub(super) struct LocalClock {
    /// It said `local_us` at the true time `anchor`.
    anchor: u64,
    local_us: i64,
    /// By how many millionths it is too fast.
    too_fast: i64,
}

impl LocalClock {
    fn new(index: usize, now: u64) -> Self {
        let index = i64::try_from(index).unwrap_or_default();
        Self { anchor: now, local_us: 7_777_777 * (index + 1), too_fast: (index * 13) % 61 - 30 }
    }

    /// What it says, in microseconds.
    pub(super) fn local_us(&self, now: u64) -> i64 {
        let passed = i64::try_from(now.saturating_sub(self.anchor)).unwrap_or_default();
        self.local_us + passed * (1_000_000 + self.too_fast) / 1_000
    }

    /// What it says, as the page reads it.
    pub(super) fn read(&self, now: u64) -> Timestamp {
        Timestamp(u64::try_from(self.local_us(now) / 1_000).unwrap_or_default())
    }

    /// The first true moment, from `now` on, at which it says this.
    pub(super) fn true_moment(&self, moment: Timestamp, now: u64) -> u64 {
        let ahead = moment.since(self.read(now));
        let from = if ahead > 0 { now.max(self.anchor) } else { now };
        let mut guess = from.saturating_add(ahead.saturating_sub(ahead / 1_000 + 2));
        while self.read(guess) < moment {
            guess += 1;
        }
        guess
    }

    /// It jumps ahead by so many microseconds.
    pub(super) fn jump(&mut self, now: u64, by_us: i64) {
        self.local_us = self.local_us(now) + by_us;
        self.anchor = now.max(self.anchor);
    }

    /// It stands still until then.
    pub(super) fn stand_still(&mut self, now: u64, until: u64) {
        self.local_us = self.local_us(now);
        self.anchor = until;
    }
}

/// What a page must be handed next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    Action { params: String, at: Option<u64>, came: u64 },
    Clear(String),
}

#[derive(Debug)]
pub(super) struct MomentPage {
    pub(super) clock: LocalClock,
    pub(super) session: Session<String>,
    /// The server's end of its connection.
    pub(super) peer: Option<Peer>,
    /// Frames on their way to the server. None is the end of the connection.
    pub(super) up: VecDeque<(u64, Option<String>)>,
    /// Frames on their way to the page, and the close code at the end.
    pub(super) down: VecDeque<(u64, Result<String, u16>)>,
    /// Milliseconds there and back, and how much longer a frame may take.
    pub(super) network: (u64, u64, u64),
    /// It sleeps until then, and is not told yet that it has slept.
    pub(super) sleeps_until: Option<u64>,
    /// It was told that it has slept, or has entered a room, at this true moment.
    pub(super) woke: u64,
    /// By how much its clock has jumped since, unnoticed, in microseconds.
    pub(super) jumped_us: i64,
    /// How uncertain it was before.
    pub(super) uncertainty_us: i64,
    pub(super) expected: VecDeque<Expected>,
    /// The seqs of what it has received.
    pub(super) seqs: BTreeSet<u64>,
    /// When it was handed something last.
    pub(super) handed: u64,
    /// A snapshot may have been cut off, so that the next one tells of slots that are gone.
    pub(super) was_cut: bool,
    pub(super) is_leaving: bool,
    pub(super) has_ended: bool,
}

impl MomentPage {
    pub(super) fn new(goal: Goal, index: usize, now: u64, wants_clock: bool) -> Self {
        let options = SessionOptions {
            goal,
            session: format!("session-{index}"),
            seed: index as u64,
            connect_timeout_ms: 30_000,
            share_audience: false,
            code: false,
            clock: wants_clock,
            share_roster: false,
            name: None,
            invite: None,
        };
        Self {
            clock: LocalClock::new(index, now),
            session: Session::new(options),
            peer: None,
            up: VecDeque::new(),
            down: VecDeque::new(),
            network: (3 + index as u64, 5, 10),
            sleeps_until: None,
            woke: now,
            jumped_us: 0,
            uncertainty_us: 0,
            expected: VecDeque::new(),
            seqs: BTreeSet::new(),
            handed: 0,
            was_cut: false,
            is_leaving: false,
            has_ended: false,
        }
    }

    /// When the page does something by itself.
    pub(super) fn deadline(&self, now: u64) -> Option<u64> {
        self.sleeps_until.or_else(|| Some(self.clock.true_moment(self.session.next_timeout()?, now)))
    }

    /// When the next frame is read at either end.
    pub(super) fn next_arrival(&self) -> Option<u64> {
        let down = self.down.front().filter(|_| self.sleeps_until.is_none()).map(|(arrives, _)| *arrives);
        [self.up.front().map(|(arrives, _)| *arrives), down].into_iter().flatten().min()
    }
}
