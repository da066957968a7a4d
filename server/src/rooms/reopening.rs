//! Opens rooms anew that a former process has lost with its memory. The owner keys of such a server
//! carry a signature, by which a later process knows them.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use rtbroadcaster_protocol::{Limits, OwnerKey, RoomId, Timestamp};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::random::{hex, random};
use crate::access::Secret;

/// Random bytes in an owner key. Nobody can guess them, nor a signature.
const RANDOM_BYTES: usize = 16;

/// Bytes of the name of a process. No two processes that share a secret have the same.
const PROCESS_BYTES: usize = 8;

/// Rooms that are remembered as ended, in some 2 MB. The followers of others wait in vain.
const MAX_ENDED: usize = 65_536;

/// Knows owner keys that a former process has given out.
///
/// An owner key is `RANDOM PROCESS SIGNATURE`, all in hexadecimal. The signature is an HMAC-SHA256
/// over the room's id and what stands before it in the key.
pub(super) struct Reopening {
    secret: Hmac<Sha256>,
    /// The name of this process, as it stands in keys.
    process: String,
    max_rooms: usize,
    /// For how long followers are told to wait for an owner, in milliseconds since the start.
    wait_ms: u64,
    /// Rooms of former processes that were opened anew. None is opened twice, so none is opened
    /// after it was closed.
    reopened: Mutex<HashSet<RoomId>>,
    /// Rooms that have ended while followers are told to wait. Opening a room may end another.
    ended: Mutex<HashSet<RoomId>>,
}

impl Reopening {
    pub(super) fn new(secret: &Secret, limits: &Limits) -> Self {
        Self {
            secret: Hmac::new_from_slice(secret.expose().as_bytes()).expect("a key may have any length"),
            process: hex(&random::<PROCESS_BYTES>()),
            max_rooms: limits.reopened_rooms,
            wait_ms: limits.owner_grace_ms,
            reopened: Mutex::default(),
            ended: Mutex::default(),
        }
    }

    /// A new owner key for this room.
    pub(super) fn owner_key(&self, room: RoomId) -> OwnerKey {
        let mut key = hex(&random::<RANDOM_BYTES>());
        key.push_str(&self.process);
        let signature = self.signature(room, &key);
        key.push_str(&signature);
        OwnerKey(key)
    }

    /// Whether a former process has given out this owner key for this room, and this process hasn't
    /// opened the room yet. A room that this process has opened itself is unknown only if it has
    /// ended.
    pub(super) fn may_reopen(&self, room: RoomId, owner_key: &str) -> bool {
        let Some((before, signature)) = owner_key.split_at_checked(2 * (RANDOM_BYTES + PROCESS_BYTES)) else {
            return false;
        };
        let is_ours: bool = self.signature(room, before).as_bytes().ct_eq(signature.as_bytes()).into();
        is_ours && !before.ends_with(&self.process) && !lock(&self.reopened).contains(&room)
    }

    /// Opens a room anew by calling `open`, unless that was done before or too often. Of two owners
    /// that come at the same moment one waits here for the other.
    pub(super) fn once<E>(&self, room: RoomId, open: impl FnOnce() -> Result<(), E>) -> Result<Reopened, E> {
        let mut reopened = lock(&self.reopened);
        if reopened.contains(&room) {
            return Ok(Reopened::Before);
        }
        if reopened.len() >= self.max_rooms {
            return Ok(Reopened::TooMany);
        }
        open()?;
        reopened.insert(room);
        Ok(Reopened::Now)
    }

    /// Whether the owner of this unknown room is likely to open it anew soon.
    pub(super) fn awaits_owner(&self, room: RoomId, now: Timestamp) -> bool {
        now.0 < self.wait_ms && !lock(&self.reopened).contains(&room) && !lock(&self.ended).contains(&room)
    }

    /// Notes that a room has ended.
    pub(super) fn note_ended(&self, room: RoomId, now: Timestamp) {
        if now.0 < self.wait_ms {
            let mut ended = lock(&self.ended);
            if ended.len() < MAX_ENDED {
                ended.insert(room);
            }
        }
    }

    fn signature(&self, room: RoomId, before: &str) -> String {
        let mut signature = self.secret.clone();
        signature.update(&room.to_bytes());
        signature.update(before.as_bytes());
        hex(&signature.finalize().into_bytes())
    }
}

/// What became of opening a room anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reopened {
    /// It was done now.
    Now,
    /// It was done before. The room is in the table, or has ended since.
    Before,
    /// This process has opened as many rooms anew as it may.
    TooMany,
}

impl fmt::Debug for Reopening {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Reopening(…)")
    }
}

/// The set is whole at every point where a panic could happen.
fn lock(rooms: &Mutex<HashSet<RoomId>>) -> MutexGuard<'_, HashSet<RoomId>> {
    rooms.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number above every seq and epoch that a lost room had: microseconds since 1970. A room begins
/// at 0, or at this number, and no room gets a million of either in a second.
pub(super) fn number_above_all() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: u128 = 7;

    fn reopening(secret: &str, max_rooms: usize) -> Reopening {
        let limits = Limits::default().with(|limits| {
            limits.reopened_rooms = max_rooms;
            limits.owner_grace_ms = 1_000;
        });
        Reopening::new(&Secret::new(secret), &limits)
    }

    #[test]
    fn a_key_is_known_to_a_later_process_with_the_same_secret_and_for_its_room_alone() {
        let (former, later) = (reopening("secret", 10), reopening("secret", 10));
        let (room, other) = (RoomId::from_random(ROOM), RoomId::from_random(8));
        let OwnerKey(key) = former.owner_key(room);
        assert_eq!(key.len(), 112);
        assert!(later.may_reopen(room, &key));
        assert!(!later.may_reopen(other, &key));
        assert!(!reopening("another secret", 10).may_reopen(room, &key));
        assert_ne!(former.owner_key(room), former.owner_key(room));
    }

    #[test]
    fn a_key_that_was_changed_anywhere_is_not_known() {
        let (former, later) = (reopening("secret", 10), reopening("secret", 10));
        let room = RoomId::from_random(ROOM);
        let OwnerKey(key) = former.owner_key(room);
        for at in 0..key.len() {
            let digit = if key.as_bytes()[at] == b'0' { "1" } else { "0" };
            let changed = format!("{}{digit}{}", &key[..at], &key[at + 1..]);
            assert!(!later.may_reopen(room, &changed), "{changed}");
        }
        let others =
            [String::new(), key[..48].to_owned(), format!("{key}0"), key.to_uppercase(), "ä".repeat(56)];
        for other in others {
            assert!(!later.may_reopen(room, &other), "{other}");
        }
    }

    #[test]
    fn the_process_that_gave_a_key_out_opens_nothing_anew() {
        let process = reopening("secret", 10);
        let room = RoomId::from_random(ROOM);
        assert!(!process.may_reopen(room, &process.owner_key(room).0));
    }

    #[test]
    fn a_room_is_opened_anew_once_and_only_so_many_are() {
        let (former, later) = (reopening("secret", 10), reopening("secret", 1));
        let (room, other) = (RoomId::from_random(ROOM), RoomId::from_random(8));
        assert_eq!(later.once(room, || Err("full")), Err("full"));
        let opened = Ok::<_, ()>(());
        assert_eq!(later.once(room, || opened), Ok(Reopened::Now));
        assert_eq!(later.once(room, || opened), Ok(Reopened::Before));
        assert_eq!(later.once(other, || opened), Ok(Reopened::TooMany));
        assert!(!later.may_reopen(room, &former.owner_key(room).0));
    }

    #[test]
    fn followers_wait_for_an_owner_while_a_room_of_a_former_process_may_come_back() {
        let process = reopening("secret", 10);
        let [lost, ended, reopened] = [1, 2, 3].map(RoomId::from_random);
        process.note_ended(ended, Timestamp(10));
        process.once(reopened, || Ok::<_, ()>(())).unwrap();
        let waits = |room, now| process.awaits_owner(room, Timestamp(now));
        assert_eq!([lost, ended, reopened].map(|room| waits(room, 999)), [true, false, false]);
        assert!(!waits(lost, 1_000), "the grace is over");
    }
}
