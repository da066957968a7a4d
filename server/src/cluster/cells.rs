//! Hearing what the logs of rooms have taken. A node listens to each cell in which it has a room.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_nats::{Message, Subscriber};
use futures_util::StreamExt;
use rtbroadcaster_protocol::RoomId;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::warn;

use super::Cluster;
use super::starting::still_there;
use crate::journal::{RoomLogs, Subjects, stored};

/// The pause before another attempt to listen.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// The cells to which this node listens.
#[derive(Debug, Default)]
pub(super) struct Cells(Mutex<HashMap<u16, Cell>>);

#[derive(Debug)]
struct Cell {
    /// How many rooms of this node are in it.
    rooms: usize,
    task: JoinHandle<()>,
    /// Whether the connection has the subscription.
    is_heard: watch::Receiver<bool>,
}

impl Drop for Cell {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Cells {
    /// Listens to the cell of a room from now on, until [`Cells::leave`].
    pub(super) fn enter(&self, cluster: &Arc<Cluster>, room: RoomId) {
        let number = Subjects::cell(room);
        self.cells().entry(number).or_insert_with(|| Cell::listen(cluster, number)).rooms += 1;
    }

    /// Notes that a room is not on this node any more.
    pub(super) fn leave(&self, room: RoomId) {
        let mut cells = self.cells();
        if let Some(cell) = cells.get_mut(&Subjects::cell(room)) {
            cell.rooms -= 1;
            if cell.rooms == 0 {
                cells.remove(&Subjects::cell(room));
            }
        }
    }

    /// Waits until the connection has the subscription to the cell of a room. What is asked for
    /// over the connection later comes after it.
    pub(super) async fn is_heard(&self, room: RoomId) {
        let heard = self.cells().get(&Subjects::cell(room)).map(|cell| cell.is_heard.clone());
        if let Some(mut heard) = heard {
            // It fails if the cell is left meanwhile.
            let _ = heard.wait_for(|is_heard| *is_heard).await;
        }
    }

    fn cells(&self) -> MutexGuard<'_, HashMap<u16, Cell>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cell {
    fn listen(cluster: &Arc<Cluster>, number: u16) -> Self {
        let (sender, is_heard) = watch::channel(false);
        let subject = cluster.logs.subjects().live_cell(number);
        let (weak, logs) = (Arc::downgrade(cluster), cluster.logs.clone());
        let task = cluster.spawn(async move {
            let mut messages = subscribe(&logs, subject).await;
            sender.send_replace(true);
            hear(&weak, &mut messages).await;
        });
        Self { rooms: 0, task, is_heard }
    }
}

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
        let Some(cluster) = still_there(cluster) else { return };
        cluster.hear(message);
    }
}

impl Cluster {
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
            // A later version says more.
            Some(_) => {}
        }
    }
}
