//! The short codes of rooms in a cluster. A code is given out by whoever writes the first message
//! of its subject, and stands for its room as long as that is open, on every node.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

use rtbroadcaster_protocol::{Refusal, RefusalCode, RoomCode, RoomId};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::catching_up::{FIRST_PAUSE, LONGEST_PAUSE};
use super::entering::ENTER_TIMEOUT;
use super::state::SharedReplica;
use super::{Cluster, unavailable};
use crate::journal::{CodedRoom, UNIQUE_REFRESH, Written};
use crate::metrics::CodeLookup;
use crate::rooms::RoomTable;
use crate::rooms::codes::MAX_DRAWS;

/// After how many milliseconds a code is looked after again that could not be written now.
const RETRY_MS: u64 = 60_000;

/// What an owner is told when the stream of codes is full.
const NO_PLACE: &str =
    "the cluster has no place for another short code: create the room without `code`, or try again later";

impl Cluster {
    /// Has a code that no other node gives out, for a room that is to be opened here.
    ///
    /// # Errors
    /// - `unavailable`: JetStream doesn't answer.
    /// - `too_many_rooms`: almost all codes are taken, or there is no place for another.
    pub(crate) async fn reserve_code(self: &Arc<Self>, room: RoomId) -> Result<RoomCode, Refusal> {
        if !self.is_ready() {
            return Err(unavailable());
        }
        let table = self.table.upgrade().ok_or_else(unavailable)?;
        timeout(ENTER_TIMEOUT, self.draw_code(&table, room)).await.unwrap_or_else(|_| Err(unavailable()))
    }

    async fn draw_code(&self, table: &RoomTable, room: RoomId) -> Result<RoomCode, Refusal> {
        let write = |code| self.logs.write_code(code, room, 0, self.time_ms());
        let code = first_free(|| table.any_code(), write).await;
        if code.is_ok() {
            self.health.note_answer();
        } else if self.may_warn() {
            warn!("a room with a code can't be opened: almost all codes are taken, or their stream is full");
        }
        code
    }

    /// The room that a code stands for, which is on this node then. `remote` is the address of the
    /// client that asks, if it is known.
    ///
    /// # Errors
    /// - `rate_limited`: this address, or all together, asked for too many unknown codes.
    /// - `unavailable`: JetStream doesn't answer.
    pub(crate) async fn look_up_code(
        self: &Arc<Self>,
        code: RoomCode,
        remote: Option<IpAddr>,
    ) -> Result<Option<RoomId>, Refusal> {
        let table = self.table.upgrade().ok_or_else(unavailable)?;
        let found = self.look_for_code(&table, code, Some(remote)).await;
        table.note_code_lookup(match &found {
            Ok(Some(_)) => CodeLookup::Found,
            Ok(None) => CodeLookup::Unknown,
            Err(refusal) if refusal.code == RefusalCode::RateLimited.as_str() => CodeLookup::RateLimited,
            Err(_) => CodeLookup::Unavailable,
        });
        found
    }

    /// The room that a code stands for, for the application.
    ///
    /// # Errors
    /// `unavailable`: JetStream doesn't answer.
    pub(crate) async fn find_code(self: &Arc<Self>, code: RoomCode) -> Result<Option<RoomId>, Refusal> {
        let table = self.table.upgrade().ok_or_else(unavailable)?;
        self.look_for_code(&table, code, None).await
    }

    /// Looks for the room of a code: among the rooms that are here, and then in the cluster. For a
    /// client, the limits on wrong codes hold.
    async fn look_for_code(
        self: &Arc<Self>,
        table: &RoomTable,
        code: RoomCode,
        client: Option<Option<IpAddr>>,
    ) -> Result<Option<RoomId>, Refusal> {
        let find_here = || match client {
            Some(remote) => table.may_guess_code(remote).map(|()| table.find_code(code)),
            None => Ok(table.find_code(code)),
        };
        let note_miss = || {
            self.missed_codes.note(code, self.clock.now());
            if let Some(remote) = client {
                table.note_missed_code(code, remote);
            }
        };
        if let Some(room) = find_here()? {
            return Ok(Some(room));
        }
        if !self.is_ready() {
            return Err(unavailable());
        }
        let was_missed = || {
            let is_missed = self.missed_codes.has(code, self.clock.now());
            if let Some(remote) = client.filter(|_| is_missed) {
                table.note_missed_code(code, remote);
            }
            is_missed
        };
        if was_missed() {
            return Ok(None);
        }
        let coded = {
            // One after the other, so that no address has several guesses that don't count yet.
            let turn = timeout(ENTER_TIMEOUT, self.code_turn.lock()).await;
            let _turn = turn.map_err(|_| unavailable())?;
            if let Some(room) = find_here()? {
                return Ok(Some(room));
            }
            // Somebody has asked for the same meanwhile.
            if was_missed() {
                return Ok(None);
            }
            self.counts.asked_codes.add();
            let coded = self.logs.room_of_code(code).await.map_err(|_| unavailable())?;
            if coded.is_none() {
                note_miss();
            }
            coded
        };
        let Some(CodedRoom { room, .. }) = coded else { return Ok(None) };
        // The room says whether it is still open.
        self.prepare(Some(room), None).await?;
        let found = table.find_code(code).filter(|found| *found == room);
        if found.is_none() {
            note_miss();
        }
        Ok(found)
    }

    /// Has the code of a room kept as long as the room is here.
    pub(super) fn keep_code(self: &Arc<Self>, shared: &Arc<SharedReplica>, code: RoomCode) {
        let now = self.clock.now();
        {
            let mut state = shared.lock();
            if state.code_due.is_some_and(|due| due > now) {
                return;
            }
            state.code_due = Some(now.after(RETRY_MS));
        }
        let (cluster, shared) = (Arc::clone(self), Arc::clone(shared));
        self.spawn(async move {
            if let Some(next_ms) = cluster.refresh_code(code, shared.id).await {
                shared.lock().code_due = Some(cluster.clock.now().after(next_ms));
            }
        });
    }

    /// Writes the code of a room anew, if that was long ago. Returns when it is to be looked at
    /// again. None if that could not be done.
    async fn refresh_code(&self, code: RoomCode, room: RoomId) -> Option<u64> {
        let refresh_ms = u64::try_from(UNIQUE_REFRESH.as_millis()).unwrap_or(u64::MAX);
        let now_ms = self.time_ms();
        let previous = match self.logs.room_of_code(code).await.ok()? {
            Some(coded) if coded.room != room => {
                // The stream was deleted, or all nodes were away for more than a day.
                warn!(%room, %code, other = %coded.room, "the code of the room stands for another room now");
                return Some(refresh_ms);
            }
            Some(coded) => {
                let age_ms = now_ms.saturating_sub(coded.written_ms);
                if age_ms < refresh_ms {
                    return Some(refresh_ms - age_ms);
                }
                coded.position
            }
            None => 0,
        };
        match self.logs.write_code(code, room, previous, now_ms).await {
            Written::At(_) => Some(refresh_ms),
            // Another node was faster.
            Written::NotLast => Some(RETRY_MS),
            Written::NoPlace(_) | Written::Unanswered(_) => None,
        }
    }

    /// Looks whether the stream of codes is another one than before, or restored from a backup.
    /// Then all codes of the rooms that are here are looked after at once.
    pub(super) async fn note_unique_stream(&self) {
        let Ok(state) = self.logs.unique_stream().await else { return };
        let is_another = {
            // It is whole at every point where a panic could happen.
            let mut known = self.unique_stream.lock().unwrap_or_else(PoisonError::into_inner);
            let is_another = known.as_ref().is_some_and(|known| state.lacks_what(known));
            *known = Some(state);
            is_another
        };
        if is_another {
            warn!("the stream of codes is another one than before: codes of open rooms are written anew");
            self.replicas.all().iter().for_each(|shared| shared.lock().code_due = None);
        }
    }

    /// The time, in milliseconds since 1970.
    pub(super) fn time_ms(&self) -> u64 {
        self.clock.time_ms(self.clock.now())
    }
}

/// Draws codes until one is free, and is written by that.
///
/// # Errors
/// `too_many_rooms`: almost all codes are taken, or there is no place for another.
async fn first_free<W: Future<Output = Written>>(
    draw: impl Fn() -> RoomCode,
    write: impl Fn(RoomCode) -> W,
) -> Result<RoomCode, Refusal> {
    let (mut draws, mut pause) = (0, FIRST_PAUSE);
    while draws < MAX_DRAWS {
        let code = draw();
        match write(code).await {
            Written::At(_) => return Ok(code),
            Written::NotLast => draws += 1,
            Written::NoPlace(_) => {
                return Err(Refusal::with_message(RefusalCode::TooManyRooms, NO_PLACE));
            }
            // It may be written. Then nobody has that code for a day.
            Written::Unanswered(reason) => {
                debug!(reason, "no code could be reserved yet");
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
    Err(RefusalCode::TooManyRooms.into())
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::HashSet;
    use std::future::ready;

    use super::*;

    /// A code that differs from those of other numbers below 24.
    fn code(number: u128) -> RoomCode {
        RoomCode::from_random(number, 6)
    }

    /// Two nodes draw the same codes in the same order, at the same stream.
    #[tokio::test]
    async fn c1_a_code_that_another_node_has_written_is_drawn_anew() {
        let written = RefCell::new(HashSet::new());
        let write = |code| {
            let is_new = written.borrow_mut().insert(code);
            ready(if is_new { Written::At(1) } else { Written::NotLast })
        };
        for expected in 0..9 {
            let drawn = Cell::new(0);
            let draw = || code(drawn.replace(drawn.get() + 1));
            assert_eq!(first_free(draw, write).await, Ok(code(expected)));
        }
        let refused = first_free(|| code(0), write).await;
        assert_eq!(refused, Err(RefusalCode::TooManyRooms.into()));
    }

    #[tokio::test]
    async fn a_code_that_may_be_written_is_not_used_and_a_full_stream_is_told() {
        let drawn = Cell::new(0);
        let draw = || code(drawn.replace(drawn.get() + 1));
        let write = |written| {
            let is_first = written == code(0);
            ready(if is_first { Written::Unanswered("slow".into()) } else { Written::At(1) })
        };
        assert_eq!(first_free(draw, write).await, Ok(code(1)));
        let refused = first_free(|| code(0), |_| ready(Written::NoPlace("full".into()))).await;
        assert!(refused.is_err_and(|refusal| refusal.message == NO_PLACE));
    }
}
