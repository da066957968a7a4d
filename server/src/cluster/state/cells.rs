//! The cells of rooms to which a node listens: those in which it has a room.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rtbroadcaster_protocol::RoomId;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::journal::Subjects;

/// The cells to which this node listens.
#[derive(Debug, Default)]
pub(crate) struct Cells(Mutex<HashMap<u16, Cell>>);

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
    /// Has the cell of a room listened to from now on, until [`Cells::leave`]. If it isn't yet,
    /// `listen` starts the task that does so, and that says when the connection has the
    /// subscription.
    pub(crate) fn enter(
        &self,
        room: RoomId,
        listen: impl FnOnce(u16, watch::Sender<bool>) -> JoinHandle<()>,
    ) {
        let number = Subjects::cell(room);
        let listened = || {
            let (sender, is_heard) = watch::channel(false);
            Cell { rooms: 0, task: listen(number, sender), is_heard }
        };
        self.cells().entry(number).or_insert_with(listened).rooms += 1;
    }

    /// Notes that a room is not on this node any more.
    pub(crate) fn leave(&self, room: RoomId) {
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
    pub(crate) async fn is_heard(&self, room: RoomId) {
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
