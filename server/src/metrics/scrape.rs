//! Reads what can be read of a server at any time, and writes the page of all metrics.

use std::sync::Arc;

use rtbroadcaster_protocol::{CloseCode, OwnerPresence, RefusalCode, RoomReport};
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::task::yield_now;

use super::text::Text;
use super::{Metrics, family};
use crate::Manager;
use crate::admission::HandshakeError;
use crate::connection::websocket::{CLIENT_CODES, Fault};
use crate::fanout::SharedRoom;

/// Rooms that are read before other tasks get their turn. Reading a room reads all its followers.
const CHUNK_SIZE: usize = 64;

/// The sums over all rooms, as they are at this moment.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Totals {
    pub(crate) rooms: u64,
    pub(crate) owners_away: u64,
    pub(crate) followers: u64,
    pub(crate) lagging: u64,
    pub(crate) lag: u64,
    pub(crate) lag_greatest: u64,
    pub(crate) slots: u64,
    pub(crate) slot_bytes: u64,
    pub(crate) ring_bytes: u64,
    pub(crate) snapshot_bytes: u64,
}

impl Totals {
    /// Reads one room after another. The table isn't locked during this, and other tasks run in
    /// between.
    pub(crate) async fn collect(rooms: &[Arc<SharedRoom>]) -> Self {
        let mut totals = Self::default();
        for chunk in rooms.chunks(CHUNK_SIZE) {
            for report in chunk.iter().filter_map(|room| room.report()) {
                totals.add(&report);
            }
            yield_now().await;
        }
        totals
    }

    fn add(&mut self, report: &RoomReport) {
        self.rooms += 1;
        self.owners_away += u64::from(report.owner == OwnerPresence::Away);
        self.followers += report.followers as u64;
        self.lagging += report.lag.followers;
        self.lag += report.lag.actions;
        self.lag_greatest = self.lag_greatest.max(report.lag.greatest);
        self.slots += report.slots as u64;
        self.slot_bytes += report.slot_bytes as u64;
        self.ring_bytes += report.ring_bytes as u64;
        self.snapshot_bytes += report.snapshot_bytes as u64;
    }
}

/// The page of all metrics.
pub(super) async fn page(manager: &Manager) -> String {
    let totals = Totals::collect(&manager.room_table().all()).await;
    let mut text = Text::default();
    text.several(family::BUILD, [([("version", env!("CARGO_PKG_VERSION"))], 1)]);
    let metrics = manager.metrics();
    text.one(family::STARTED, format_args!("{:.3}", metrics.started));
    text.one(family::TASKS, Handle::current().metrics().num_alive_tasks());
    connections(&mut text, manager);
    rooms(&mut text, manager, &totals);
    traffic(&mut text, metrics);
    text.one(family::MEMORY, manager.memory().used());
    text.one(family::MEMORY_LIMIT, manager.settings().limits.room_memory_bytes);
    text.one(family::RING, totals.ring_bytes);
    text.one(family::SLOTS, totals.slots);
    text.one(family::SLOT_BYTES, totals.slot_bytes);
    text.one(family::SNAPSHOTS, totals.snapshot_bytes);
    text.into_string()
}

fn connections(text: &mut Text, manager: &Manager) {
    let metrics = manager.metrics();
    text.one(family::CONNECTIONS, manager.connections().len());
    text.one(family::CONNECTIONS_LIMIT, manager.settings().connections);
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

fn rooms(text: &mut Text, manager: &Manager, totals: &Totals) {
    let metrics = manager.metrics();
    text.one(family::ROOMS, totals.rooms);
    text.one(family::ROOMS_LIMIT, manager.settings().limits.rooms);
    text.one(family::ROOMS_OPENED, load(&metrics.rooms_opened));
    text.one(family::ROOMS_CLOSED, load(&metrics.rooms_closed));
    text.one(family::OWNERS_AWAY, totals.owners_away);
    text.one(family::FOLLOWERS, totals.followers);
    text.one(family::LAGGING, totals.lagging);
    text.one(family::LAG, totals.lag);
    text.one(family::LAG_GREATEST, totals.lag_greatest);
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

fn load(counter: &std::sync::atomic::AtomicU64) -> u64 {
    counter.load(std::sync::atomic::Ordering::Relaxed)
}
