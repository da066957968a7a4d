//! Hearing what the logs of rooms have taken. A node listens to each cell in which it has a room.

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_nats::{Message, Subscriber};
use futures_util::StreamExt;
use rtbroadcaster_protocol::RoomId;
use tokio::time::sleep;
use tracing::warn;

use super::Cluster;
use crate::journal::{RoomLogs, stored};

/// The pause before another attempt to listen.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Subscribes to a subject, as soon as that is possible.
pub(super) async fn subscribe(logs: &RoomLogs, subject: String) -> Subscriber {
    loop {
        match logs.client().subscribe(subject.clone()).await {
            Ok(messages) => return messages,
            Err(error) => warn!(%error, subject, "can't listen to a part of the cluster: trying again"),
        }
        sleep(RETRY_PAUSE).await;
    }
}

async fn hear(cluster: &Weak<Cluster>, messages: &mut Subscriber) {
    while let Some(message) = messages.next().await {
        let Some(cluster) = cluster.upgrade() else { return };
        cluster.hear(message);
    }
}

impl Cluster {
    /// Listens to the cell of a room from now on, until the room is forgotten here.
    pub(super) fn listen_to(self: &Arc<Self>, room: RoomId) {
        self.cells.enter(room, |number, is_heard| {
            let subject = self.logs.subjects().live_cell(number);
            let (weak, logs) = (Arc::downgrade(self), self.logs.clone());
            self.spawn(async move {
                let mut messages = subscribe(&logs, subject).await;
                is_heard.send_replace(true);
                hear(&weak, &mut messages).await;
            })
        });
    }

    /// Takes a message about a room of a cell.
    fn hear(self: &Arc<Self>, message: Message) {
        let Some((room, topic)) = self.logs.subjects().room_of(&message.subject) else { return };
        match topic {
            None => {
                if let Some(entry) = stored(message) {
                    self.receive_live(room, &entry);
                }
            }
            Some("audience") => self.hear_of_audience(room, &message.payload),
            Some("roster") => self.hear_of_roster(room, &message.payload),
            // A later version says more.
            Some(_) => {}
        }
    }
}
