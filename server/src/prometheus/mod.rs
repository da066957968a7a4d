//! The page of all metrics, in Prometheus' text format.
//!
//! What is counted comes from the [`Metrics`]. What can be read at any time (rooms, followers,
//! memory) is read when the page is asked for.

#[cfg(feature = "cluster")]
mod cluster;
mod family;
mod text;

use std::sync::atomic::{AtomicU64, Ordering};

use rtbroadcaster_protocol::{CloseCode, RecordingEnd, RefusalCode};
use tokio::runtime::Handle;

use crate::admission::HandshakeError;
#[cfg(feature = "store")]
use crate::journal::StoreCounts;
use crate::metrics::{CodeLookup, LaneMessages, Metrics, RosterAsked};
use crate::rooms::Totals;
use crate::services::Services;
use crate::websocket::{CLIENT_CODES, Fault};
use text::Text;

pub(crate) use text::MEDIA_TYPE;

/// The page of all metrics, with how many connections are open and how many there may be.
pub(crate) async fn page(services: &Services, open: usize, limit: usize) -> String {
    let totals = services.rooms.totals().await;
    let mut text = Text::default();
    text.several(family::BUILD, [([("version", env!("CARGO_PKG_VERSION"))], 1)]);
    let metrics = &services.metrics;
    text.one(family::STARTED, format_args!("{:.3}", metrics.started));
    text.one(family::TASKS, Handle::current().metrics().num_alive_tasks());
    text.one(family::LOG_LINES_DROPPED, load(&metrics.log_lines_dropped));
    text.one(family::WEBHOOK_DELIVERED, load(&metrics.webhook_delivered));
    text.one(family::WEBHOOK_DROPPED, load(&metrics.webhook_dropped));
    text.one(family::CONNECTIONS, open);
    text.one(family::CONNECTIONS_LIMIT, limit);
    connections(&mut text, metrics);
    text.one(family::ROOMS, totals.rooms);
    text.one(family::ROOMS_LIMIT, services.limits.rooms);
    rooms(&mut text, metrics, &totals);
    recordings(&mut text, services);
    traffic(&mut text, metrics);
    text.one(family::MEMORY, services.rooms.memory().used());
    text.one(family::MEMORY_LIMIT, services.limits.room_memory_bytes);
    text.one(family::RING, totals.ring_bytes);
    text.one(family::SLOTS, totals.slots);
    text.one(family::SLOT_BYTES, totals.slot_bytes);
    text.one(family::SNAPSHOTS, totals.snapshot_bytes);
    #[cfg(feature = "store")]
    if let Some(counts) = services.rooms.journal().and_then(|journal| journal.journal().counts()) {
        store(&mut text, &counts);
    }
    #[cfg(feature = "cluster")]
    if let Some(cluster) = services.cluster.get() {
        cluster::write(&mut text, cluster.counts(), &cluster.report().await, cluster.is_ready());
    }
    text.into_string()
}

#[cfg(feature = "store")]
fn store(text: &mut Text, counts: &StoreCounts) {
    text.one(family::STORED_ROOMS, counts.rooms);
    text.one(family::STORE_COMMITS, counts.commits);
    text.one(family::STORE_ROWS, counts.rows);
    text.one(family::STORE_BYTES, counts.bytes);
    text.one(family::STORE_BACKLOG, counts.backlog_bytes);
    text.one(family::STORE_FILE, counts.file_bytes);
    text.one(family::STORE_WAL, counts.wal_bytes);
    text.one(family::STORE_HELD_BACK, counts.held_back);
    text.histogram(family::STORE_LATENCY, &counts.latency);
}

fn connections(text: &mut Text, metrics: &Metrics) {
    text.one(family::OPENED, load(&metrics.connections_opened));
    let by_policy = CloseCode::ALL.iter().zip(&metrics.closed_by_policy);
    let by_policy = by_policy.map(|(code, count)| ("server", code.value().to_string(), load(count)));
    let for_fault = Fault::ALL.iter().zip(&metrics.closed_for_fault);
    let for_fault =
        for_fault.map(|(fault, count)| ("server", u16::from(fault.code()).to_string(), load(count)));
    let codes = CLIENT_CODES.iter().map(u16::to_string).chain(["other".to_owned()]);
    let by_client = codes.zip(&metrics.closed_by_client).map(|(code, count)| ("client", code, load(count)));
    let lost = ("network", "1006".to_owned(), load(&metrics.lost));
    let closed: Vec<_> = by_policy.chain(for_fault).chain(by_client).chain([lost]).collect();
    text.several(
        family::CLOSED,
        closed.iter().map(|(by, code, count)| ([("by", *by), ("code", code.as_str())], *count)),
    );
    let refused = HandshakeError::REASONS.into_iter().zip(&metrics.handshakes_refused);
    text.several(
        family::HANDSHAKES_REFUSED,
        refused.map(|(reason, count)| ([("reason", reason)], load(count))),
    );
}

fn rooms(text: &mut Text, metrics: &Metrics, totals: &Totals) {
    text.one(family::ROOMS_OPENED, load(&metrics.rooms_opened));
    text.one(family::ROOMS_CLOSED, load(&metrics.rooms_closed));
    let lookups = CodeLookup::ALL.into_iter().zip(&metrics.code_lookups);
    let lookups = lookups.map(|(outcome, count)| ([("outcome", outcome.name())], load(count)));
    text.several(family::CODE_LOOKUPS, lookups);
    let asked = RosterAsked::ALL.into_iter().zip(&metrics.roster_asked);
    let asked = asked.map(|(outcome, count)| ([("outcome", outcome.name())], load(count)));
    text.several(family::ROSTER_ASKED, asked);
    let messages = LaneMessages::labels().zip(&metrics.lane_messages);
    let messages =
        messages.map(|((kind, outcome), count)| ([("kind", kind), ("outcome", outcome)], load(count)));
    text.several(family::LANE_MESSAGES, messages);
    text.one(family::PASSES, metrics.hand_overs.passes());
    let requests = metrics.hand_overs.requests().map(|(outcome, count)| ([("outcome", outcome)], count));
    text.several(family::REQUESTS, requests);
    text.one(family::LANES, totals.lanes);
    text.one(family::VOTERS, totals.voters);
    text.one(family::OWNERS_AWAY, totals.owners_away);
    text.one(family::FOLLOWERS, totals.followers);
    text.one(family::LAGGING, totals.lagging);
    text.one(family::LAG, totals.lag);
    text.one(family::LAG_GREATEST, totals.lag_greatest);
}

fn recordings(text: &mut Text, services: &Services) {
    let (metrics, (count, bytes)) = (&services.metrics, services.recordings.totals());
    text.one(family::RECORDINGS, count);
    text.one(family::RECORDINGS_BYTES, bytes);
    text.one(family::RECORDINGS_BEGUN, load(&metrics.recordings_begun));
    let ended = RecordingEnd::ALL.into_iter().zip(&metrics.recordings_ended);
    text.several(family::RECORDINGS_ENDED, ended.map(|(end, count)| ([("why", end.name())], load(count))));
    text.one(family::RECORDED, load(&metrics.recorded_bytes));
}

fn traffic(text: &mut Text, metrics: &Metrics) {
    let counts = metrics.counts();
    text.one(family::APPENDED, counts.appended);
    let deliveries = [("ring", counts.actions), ("snapshot", counts.retained)];
    text.several(family::DELIVERIES, deliveries.map(|(from, count)| ([("from", from)], count)));
    text.one(family::FRAMES, counts.frames);
    text.one(family::RECEIVED, counts.received_bytes);
    text.one(family::SENT, counts.sent_bytes);
    text.one(family::RESYNCS, counts.resyncs);
    let refusals = RefusalCode::ALL.into_iter().zip(&metrics.refusals);
    text.several(family::REFUSALS, refusals.map(|(code, count)| ([("code", code.as_str())], load(count))));
    text.histogram(family::LATENCY, &counts.latency);
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
