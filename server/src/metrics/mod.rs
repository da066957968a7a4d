//! The metrics of a server, for Prometheus and the administration.
//!
//! Counting must cost next to nothing beside a delivery, which is one system call:
//! - What happens for each follower is added up in the [`SendCounts`] of a fan-out, and counted
//!   once at its end.
//! - A fan-out reads the clock twice.
//! - Threads count in [`Shard`]s of their own.
//!
//! What can be read at any time isn't counted, but read when it is asked for: rooms, followers,
//! their lag and memory (`prometheus/`, `admin/`).

mod code_lookup;
mod counts;
mod hand_overs;
mod lane_messages;
mod latency;
mod moment;
mod roster_asked;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Instant, SystemTime};

use rtbroadcaster_protocol::{CloseCode, RecordingEnd, Refusal, RefusalCode};

use crate::admission::HandshakeError;
use crate::websocket::{CLIENT_CODES, Ending, Fault};
use counts::{Counts, Shard};
use hand_overs::HandOvers;

pub(crate) use code_lookup::CodeLookup;
pub(crate) use counts::{SendCounts, Traffic};
pub(crate) use lane_messages::LaneMessages;
#[cfg(any(test, feature = "store", feature = "cluster"))]
pub(crate) use latency::Latency;
pub(crate) use latency::LatencyCounts;
pub(crate) use moment::Moment;
pub(crate) use roster_asked::RosterAsked;

/// Threads count in different shards, so that they don't wait for each other's caches. If there are
/// more threads than shards, some share one.
const SHARDS: usize = 16;

/// Everything that is counted for a manager.
#[derive(Debug)]
pub(crate) struct Metrics {
    shards: [Shard; SHARDS],
    pub(crate) connections_opened: AtomicU64,
    pub(crate) rooms_opened: AtomicU64,
    pub(crate) rooms_closed: AtomicU64,
    pub(crate) code_lookups: [AtomicU64; CodeLookup::ALL.len()],
    pub(crate) roster_asked: [AtomicU64; RosterAsked::ALL.len()],
    pub(crate) lane_messages: [AtomicU64; LaneMessages::COUNT],
    pub(crate) hand_overs: HandOvers,
    pub(crate) recordings_begun: AtomicU64,
    pub(crate) recordings_ended: [AtomicU64; RecordingEnd::ALL.len()],
    pub(crate) recorded_bytes: AtomicU64,
    pub(crate) refusals: [AtomicU64; RefusalCode::ALL.len()],
    pub(crate) handshakes_refused: [AtomicU64; HandshakeError::REASONS.len()],
    pub(crate) closed_by_policy: [AtomicU64; CloseCode::ALL.len()],
    pub(crate) closed_for_fault: [AtomicU64; Fault::ALL.len()],
    /// In the order of [`CLIENT_CODES`]; the last counts any other code.
    pub(crate) closed_by_client: [AtomicU64; CLIENT_CODES.len() + 1],
    /// Connections that ended without a close frame.
    pub(crate) lost: AtomicU64,
    /// Lines of the program's log that nobody read in time.
    pub(crate) log_lines_dropped: AtomicU64,
    /// Events that the program's webhook has taken, and that it was not told.
    pub(crate) webhook_delivered: AtomicU64,
    pub(crate) webhook_dropped: AtomicU64,
    origin: Instant,
    /// When the manager was made, in seconds since 1970.
    pub(crate) started: f64,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            shards: zeros(),
            connections_opened: AtomicU64::new(0),
            rooms_opened: AtomicU64::new(0),
            rooms_closed: AtomicU64::new(0),
            code_lookups: zeros(),
            roster_asked: zeros(),
            lane_messages: zeros(),
            hand_overs: HandOvers::default(),
            recordings_begun: AtomicU64::new(0),
            recordings_ended: zeros(),
            recorded_bytes: AtomicU64::new(0),
            refusals: zeros(),
            handshakes_refused: zeros(),
            closed_by_policy: zeros(),
            closed_for_fault: zeros(),
            closed_by_client: zeros(),
            lost: AtomicU64::new(0),
            log_lines_dropped: AtomicU64::new(0),
            webhook_delivered: AtomicU64::new(0),
            webhook_dropped: AtomicU64::new(0),
            origin: Instant::now(),
            // A clock before 1970 is wrong, so it counts as 1970.
            started: since_1970.map_or(0.0, |since| since.as_secs_f64()),
        }
    }

    /// The present moment, for latencies.
    pub(crate) fn now(&self) -> Moment {
        Moment::since(self.origin)
    }

    /// Counts what a fan-out, or a connection's own task, has sent.
    pub(crate) fn sent(&self, counts: &SendCounts) {
        self.shard().sent(counts);
    }

    /// Counts bytes that were sent beside those of [`Metrics::sent`].
    pub(crate) fn sent_bytes(&self, bytes: usize) {
        self.shard().sent_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts the bytes of one read.
    pub(crate) fn received_bytes(&self, bytes: usize) {
        self.shard().received_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts actions that were appended to a room.
    pub(crate) fn appended(&self, actions: u64) {
        self.shard().appended.fetch_add(actions, Ordering::Relaxed);
    }

    /// Observes a latency: what was appended at that moment is written now, to all followers that
    /// keep up or to one client.
    pub(crate) fn written(&self, appended_at: Moment) {
        self.shard().latency.observe(self.now().nanoseconds_since(appended_at));
    }

    pub(crate) fn room_opened(&self) {
        count(&self.rooms_opened);
    }

    pub(crate) fn room_closed(&self) {
        count(&self.rooms_closed);
    }

    /// Counts that a client has asked for the room of a code.
    pub(crate) fn code_looked_up(&self, outcome: CodeLookup) {
        count_at(&self.code_lookups, CodeLookup::ALL.iter().position(|other| *other == outcome));
    }

    /// Counts that a client has asked who is there.
    pub(crate) fn roster_asked(&self, outcome: RosterAsked) {
        count_at(&self.roster_asked, RosterAsked::ALL.iter().position(|other| *other == outcome));
    }

    /// Counts what a client has said on a lane.
    pub(crate) fn lane_message(&self, message: LaneMessages) {
        count_at(&self.lane_messages, Some(message.index()));
    }

    /// Counts the beginning of a recording.
    pub(crate) fn recording_begun(&self) {
        count(&self.recordings_begun);
    }

    /// Counts the end of a recording.
    pub(crate) fn recording_ended(&self, end: RecordingEnd) {
        count_at(&self.recordings_ended, RecordingEnd::ALL.iter().position(|other| *other == end));
    }

    /// Counts bytes of recordings that were written.
    pub(crate) fn recorded(&self, bytes: u64) {
        self.recorded_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn connection_opened(&self) {
        count(&self.connections_opened);
    }

    /// Counts a refusal to a client.
    pub(crate) fn refused(&self, refusal: &Refusal) {
        let has_code = |code: &RefusalCode| code.as_str() == refusal.code;
        count_at(&self.refusals, RefusalCode::ALL.iter().position(has_code));
    }

    /// Counts a request that was not upgraded to a websocket.
    pub(crate) fn handshake_refused(&self, error: &HandshakeError) {
        let reason = error.reason();
        count_at(&self.handshakes_refused, HandshakeError::REASONS.iter().position(|other| *other == reason));
    }

    /// Counts the end of a connection.
    pub(crate) fn connection_closed(&self, ending: Ending) {
        match ending {
            Ending::Gone => count(&self.lost),
            Ending::Policy(code) => {
                count_at(&self.closed_by_policy, CloseCode::ALL.iter().position(|other| *other == code));
            }
            Ending::Fault(fault) => {
                count_at(&self.closed_for_fault, Fault::ALL.iter().position(|other| *other == fault));
            }
            Ending::Answered(code) => {
                let known = CLIENT_CODES.iter().position(|other| *other == u16::from(code));
                count_at(&self.closed_by_client, known.or(Some(CLIENT_CODES.len())));
            }
        }
    }

    /// What the server has done so far.
    pub(crate) fn traffic(&self) -> Traffic {
        let sum =
            |counters: &[AtomicU64]| counters.iter().map(|counter| counter.load(Ordering::Relaxed)).sum();
        self.counts().traffic(sum(&self.refusals), sum(&self.handshakes_refused))
    }

    /// The counters of all threads together.
    pub(crate) fn counts(&self) -> Counts {
        self.shards.iter().fold(Counts::default(), Counts::with)
    }

    fn shard(&self) -> &Shard {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
        }
        &self.shards[THREAD.with(|thread| thread % SHARDS)]
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Counts at an index of a table that lists all cases.
fn count_at(counters: &[AtomicU64], index: Option<usize>) {
    debug_assert!(index.is_some(), "the table lacks it");
    if let Some(counter) = index.and_then(|index| counters.get(index)) {
        count(counter);
    }
}

fn zeros<T: Default, const COUNT: usize>() -> [T; COUNT] {
    std::array::from_fn(|_| T::default())
}
