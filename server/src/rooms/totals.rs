//! The sums over all rooms.

use rtbroadcaster_protocol::{OwnerPresence, RoomReport};
use serde::Serialize;
use tokio::task::yield_now;

use super::RoomTable;

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
    pub(crate) lanes: u64,
    pub(crate) voters: u64,
    pub(crate) slots: u64,
    pub(crate) slot_bytes: u64,
    pub(crate) ring_bytes: u64,
    pub(crate) snapshot_bytes: u64,
}

impl RoomTable {
    /// The sums over all rooms. Reads one room after another. The table isn't locked during this,
    /// and other tasks run in between.
    pub(crate) async fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for chunk in self.all().chunks(CHUNK_SIZE) {
            for report in chunk.iter().filter_map(|room| room.report()) {
                totals.add(&report);
            }
            yield_now().await;
        }
        totals
    }
}

impl Totals {
    fn add(&mut self, report: &RoomReport) {
        self.rooms += 1;
        self.owners_away += u64::from(report.owner == OwnerPresence::Away);
        self.followers += report.followers as u64;
        self.lagging += report.lag.followers;
        self.lag += report.lag.actions;
        self.lag_greatest = self.lag_greatest.max(report.lag.greatest);
        self.lanes += report.lanes as u64;
        self.voters += report.voters as u64;
        self.slots += report.slots as u64;
        self.slot_bytes += report.slot_bytes as u64;
        self.ring_bytes += report.ring_bytes as u64;
        self.snapshot_bytes += report.snapshot_bytes as u64;
    }
}
