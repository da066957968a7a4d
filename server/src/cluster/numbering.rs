//! The number of a node: another one than those of the other nodes. The seats of people are counted
//! in a range for each node.

use std::sync::Arc;
use std::time::Duration;

use rtbroadcaster_protocol::RosterServer;
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::Cluster;
use crate::journal::{ClusterError, RoomLogs, Written};

/// How long the start of a node may take for it.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// Takes the number behind the one that a node has taken last. So no two nodes have the same,
/// unless 4,095 were started between them.
///
/// # Errors
/// If JetStream doesn't answer in time.
pub(super) async fn take_node_number(logs: &RoomLogs) -> Result<u16, ClusterError> {
    let deadline = Instant::now() + START_TIMEOUT;
    loop {
        let reason = match try_to_take(logs).await {
            Ok(number) => return Ok(number),
            Err(reason) => reason,
        };
        if Instant::now() > deadline {
            return Err(ClusterError::Unavailable { reason });
        }
        sleep(PAUSE).await;
    }
}

async fn try_to_take(logs: &RoomLogs) -> Result<u16, String> {
    let (last, previous) = match logs.last_node_number().await {
        Ok(Some(last)) => last,
        // The first node of a cluster, or the first for a day. The numbers of before may still be
        // known to somebody.
        Ok(None) => (getrandom::u32().map_err(|error| error.to_string())? as u16, 0),
        Err(error) => return Err(error.to_string()),
    };
    let number = last % RosterServer::MOST + 1;
    match logs.write_node_number(number, previous).await {
        Written::At(_) => Ok(number),
        Written::NotLast => Err("other nodes start at the same moment".to_owned()),
        Written::NoPlace(reason) => {
            warn!(reason, "the stream of codes is full: this node takes a random number for its seats");
            let number = getrandom::u32().map_err(|error| error.to_string())?;
            Ok(number as u16 % RosterServer::MOST + 1)
        }
        Written::Unanswered(reason) => Err(reason),
    }
}

impl Cluster {
    /// Has the number that was taken last remembered for another day.
    pub(super) fn keep_node_number(self: &Arc<Self>) {
        let cluster = Arc::clone(self);
        self.spawn(async move {
            let last = cluster.logs.last_node_number().await;
            let Ok(last) = last else { return };
            let (number, previous) = last.unwrap_or((cluster.seats, 0));
            // If another one was written meanwhile, that is remembered.
            let _ = cluster.logs.write_node_number(number, previous).await;
        });
    }
}
