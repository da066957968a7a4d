//! The table of a server's rooms. Connections, HTTP requests and the administration open, find and
//! close rooms here.

#[cfg(feature = "cluster")]
mod adopting;
mod alarms;
mod coded_rooms;
pub(crate) mod codes;
mod guesses;
#[cfg(feature = "store")]
mod keeping;
mod memory;
mod random;
mod recorder;
mod reopening;
mod totals;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock};

use rtbroadcaster_protocol::{
    Claim, KeyDigest, Limits, Memory, Observer, OwnerKey, Rate, RecorderHost, Refusal, RefusalCode, Room,
    RoomId, RoomNotice, Rooms, Timestamp,
};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tracing::{field, info, warn};

use crate::access::Secret;
use crate::admission::{AddressLimits, LogThrottle};
use crate::clock::Clock;
use crate::journal::JournalHandle;
use crate::metrics::Metrics;
use crate::room_events::{RoomChange, RoomEventSource};
use crate::shared_room::SharedRoom;

use codes::Codes;
pub(crate) use codes::ReservedCode;
use guesses::Guesses;
#[cfg(feature = "store")]
pub(crate) use keeping::TableListener;
pub(crate) use random::hex;
use random::random;
use reopening::{Reopened, Reopening, number_above_all};
pub(crate) use totals::Totals;

/// Random bytes in an owner key. 128 bits would already be impossible to guess.
const OWNER_KEY_BYTES: usize = 24;

/// How many rooms are checked for a deserted one when the table is full.
const DESERTED_CANDIDATES: usize = 64;

/// Why a room is closed whose owner asked for it.
pub(crate) const CLOSED_BY_OWNER: &str = "its owner closed it";

/// A room with an audience is checked once a second, to count it.
const AUDIENCE_ALARM_MS: u64 = 1_000;

/// All rooms of a server, and the limits on opening and finding them.
#[derive(Debug)]
pub(crate) struct RoomTable {
    rooms: Mutex<Rooms<Arc<SharedRoom>>>,
    /// The bounds that each room keeps.
    limits: Limits,
    /// The memory that all rooms use together.
    memory: Arc<Memory>,
    /// How often an address may open a room.
    creations: AddressLimits,
    /// How many unknown rooms an address may ask for.
    unknown_rooms: Guesses<RoomId>,
    /// The codes of rooms.
    codes: Codes,
    /// Opens rooms anew that a former process has lost. None if that isn't wanted.
    reopening: Option<Reopening>,
    clock: Clock,
    metrics: Arc<Metrics>,
    log_throttle: Arc<LogThrottle>,
    /// Notified of a new alarm, and when the table is dropped.
    alarms_changed: Arc<Notify>,
    /// Starts the task that checks due rooms, with the first alarm.
    alarms: Once,
    /// Keeps the rooms. Unset if they end with the process.
    journal: OnceLock<Arc<JournalHandle>>,
    /// Records the rooms whose owners ask for it.
    recorder: OnceLock<Arc<dyn RecorderHost>>,
    /// Is told what happens in the rooms.
    events: Arc<RoomEventSource>,
}

impl RoomTable {
    /// With a secret, rooms of a former process that had the same one may be opened anew.
    pub(crate) fn new(
        limits: &Limits,
        reopen_secret: Option<&Secret>,
        clock: Clock,
        metrics: Arc<Metrics>,
        log_throttle: Arc<LogThrottle>,
        events: Arc<RoomEventSource>,
    ) -> Self {
        Self {
            rooms: Mutex::new(Rooms::new(limits.rooms)),
            limits: limits.clone(),
            memory: Arc::new(Memory::new(limits.room_memory_bytes)),
            creations: AddressLimits::new(Rate::per_minute(limits.rooms_per_minute_per_address)),
            unknown_rooms: Guesses::new(limits.unknown_rooms_per_minute),
            codes: Codes::new(limits, clock.now()),
            reopening: reopen_secret.map(|secret| Reopening::new(secret, limits)),
            clock,
            metrics,
            log_throttle,
            alarms_changed: Arc::new(Notify::new()),
            alarms: Once::new(),
            journal: OnceLock::new(),
            recorder: OnceLock::new(),
            events,
        }
    }

    /// The number of rooms.
    pub(crate) fn len(&self) -> usize {
        self.table().len()
    }

    /// All rooms. The table isn't locked while the caller works with them.
    pub(crate) fn all(&self) -> Vec<Arc<SharedRoom>> {
        self.table().iter().map(Arc::clone).collect()
    }

    /// Has all rooms kept by a journal from now on. To be called before any room is opened.
    #[cfg(any(feature = "cluster", feature = "store"))]
    pub(crate) fn keep_in(&self, journal: Arc<JournalHandle>) {
        self.journal.get_or_init(|| journal);
    }

    /// The journal that keeps the rooms. None if they end with the process.
    pub(crate) fn journal(&self) -> Option<&Arc<JournalHandle>> {
        self.journal.get()
    }

    /// Where the rooms say what happens in them.
    pub(crate) fn events(&self) -> &RoomEventSource {
        &self.events
    }

    /// The memory that all rooms share.
    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The room with this id.
    pub(crate) fn find(&self, id: RoomId) -> Option<Arc<SharedRoom>> {
        self.table().get(id).map(Arc::clone)
    }

    /// Checks whether a client at this address may ask for a room.
    ///
    /// # Errors
    /// `rate_limited`: it has asked for too many unknown rooms.
    pub(crate) fn may_ask_for_room(&self, remote: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        match self.unknown_rooms.wait(remote, now) {
            None => Ok(()),
            Some(wait) => Err(Refusal::until_later(RefusalCode::RateLimited, wait.milliseconds())),
        }
    }

    /// Notes that a client at this address has asked for this room, which is unknown.
    pub(crate) fn note_unknown_room(&self, room: RoomId, remote: IpAddr, now: Timestamp) {
        self.unknown_rooms.note(room, remote, now);
    }

    /// Opens a room for a client, with a code if `has_code`. `remote` is its address and `subject`
    /// its name in its token, if they are known. With a reserved code, the client has been
    /// [counted](RoomTable::check_may_open) already.
    ///
    /// # Errors
    /// - `unavailable`: other servers have the same rooms, and no code is reserved.
    /// - `rate_limited`: this address has opened too many rooms.
    /// - `too_many_rooms`: the table is full and no room is deserted, or there is no memory left.
    pub(crate) fn create(
        &self,
        session: Option<&str>,
        has_code: bool,
        reserved: Option<ReservedCode>,
        remote: Option<IpAddr>,
        subject: Option<&str>,
    ) -> Result<(RoomId, OwnerKey, Arc<SharedRoom>), Refusal> {
        let id = match reserved {
            Some(ReservedCode { room, .. }) => room,
            None => {
                self.check_may_open(remote)?;
                Self::random_id()
            }
        };
        let key = match &self.reopening {
            Some(reopening) => reopening.owner_key(id),
            None => OwnerKey(hex(&random::<OWNER_KEY_BYTES>())),
        };
        let mut room = Room::new(id, Self::digest(&key.0), session, self.limits.clone());
        if has_code {
            room = self.give_code(room, reserved)?;
        }
        let code = room.code();
        let room = self.open(room).inspect_err(|_| self.end_code(code, id))?;
        info!(room = %id, remote = remote.map(field::display), subject, "room opened");
        Ok((id, key, room))
    }

    /// Whether this owner key proves that a former process has lost this room.
    pub(crate) fn may_reopen(&self, id: RoomId, owner_key: &str) -> bool {
        self.reopening.as_ref().is_some_and(|reopening| reopening.may_reopen(id, owner_key))
    }

    /// Whether the owner of this unknown room is likely to open it anew soon.
    pub(crate) fn awaits_owner(&self, id: RoomId, now: Timestamp) -> bool {
        self.reopening.as_ref().is_some_and(|reopening| reopening.awaits_owner(id, now))
    }

    /// Opens a room anew for an owner that [`RoomTable::may_reopen`]. The limits are those of a new
    /// room.
    ///
    /// # Errors
    /// - Those of [`RoomTable::create`].
    /// - `unknown_room`: the room has ended, or this process has opened too many rooms anew.
    pub(crate) fn reopen(
        &self,
        id: RoomId,
        claim: &Claim<'_>,
        remote: Option<IpAddr>,
        subject: Option<&str>,
    ) -> Result<Arc<SharedRoom>, Refusal> {
        let reopening = self.reopening.as_ref().ok_or(RefusalCode::UnknownRoom)?;
        let reopened = reopening.once(id, || {
            self.check_may_open(remote)?;
            let key = Self::digest(&claim.key);
            self.open(Room::reopened(id, key, claim, number_above_all(), self.limits.clone()))?;
            info!(room = %id, remote = remote.map(field::display), subject, "room opened anew");
            Ok::<_, Refusal>(())
        })?;
        if reopened == Reopened::TooMany && self.log_throttle.allows(self.clock.now()) {
            warn!("no more rooms are opened anew before the next restart: raise --reopened-rooms");
        }
        Ok(self.find(id).ok_or(RefusalCode::UnknownRoom)?)
    }

    /// An id that no other room has.
    pub(crate) fn random_id() -> RoomId {
        RoomId::from_random(u128::from_be_bytes(random()))
    }

    /// Checks whether a client at this address may open a room now, and counts it.
    pub(crate) fn check_may_open(&self, remote: Option<IpAddr>) -> Result<(), Refusal> {
        if let Some(remote) = remote {
            self.creations
                .try_once(remote, self.clock.now())
                .map_err(|wait| Refusal::until_later(RefusalCode::RateLimited, wait.milliseconds()))?;
        }
        self.check_memory()
    }

    /// Puts a new room into the table. If that is full, a deserted room makes space.
    fn open(&self, mut room: Room) -> Result<Arc<SharedRoom>, RefusalCode> {
        room.share_memory(&self.memory);
        room.set_clock_start(self.clock.started_ms());
        if let Some(journal) = self.journal.get() {
            journal.keep(&mut room);
        }
        let room = self.share(room);
        if let Err(full) = self.insert(&room) {
            if self.log_throttle.allows(self.clock.now()) {
                warn!("the table of rooms is full: raise --rooms, or find out which clients open so many");
            }
            let made = self.make_space().ok_or(full).and_then(|()| self.insert(&room));
            if let Err(full) = made {
                self.note_closed(room.id());
                return Err(full);
            }
        }
        room.with(|room| room.notice(RoomNotice::Opened));
        self.metrics.room_opened();
        Ok(room)
    }

    /// Takes a room out of the table in which nobody is. False if there is none.
    fn make_space(&self) -> Option<()> {
        let deserted = self.deserted_room()?;
        if self.is_shared() {
            self.forget(deserted);
            return Some(());
        }
        self.close(deserted, "it was deserted, and room was needed");
        // Nobody is in it who would have to wait until its end is kept.
        self.remove(deserted);
        Some(())
    }

    /// A number that nobody can guess.
    pub(crate) fn random() -> u64 {
        u64::from_be_bytes(random())
    }

    /// Whether other servers have the same rooms.
    pub(crate) fn is_shared(&self) -> bool {
        self.journal.get().is_some_and(|journal| journal.journal().is_shared())
    }

    /// Takes a room out of the table that goes on elsewhere.
    pub(crate) fn forget(&self, id: RoomId) {
        let removed = self.table().remove(id);
        if let Some(room) = removed {
            room.with(Room::retire);
            self.note_closed(id);
            self.end_code(room.code(), id);
            self.metrics.room_closed();
        }
    }

    /// Tells the journal that a room isn't in the table.
    fn note_closed(&self, id: RoomId) {
        if let Some(journal) = self.journal.get() {
            journal.journal().closes(id);
        }
    }

    /// Closes a room. Its connections are served what they have not taken yet, and then closed.
    /// With a journal, nobody hears of the end before it is kept.
    pub(crate) fn close(&self, id: RoomId, reason: &'static str) {
        let Some(room) = self.find(id) else { return };
        if room.close(reason) {
            self.remove(id);
        }
        room.serve_soon();
    }

    /// Removes a room that has ended.
    fn remove(&self, id: RoomId) {
        let removed = self.table().remove(id);
        if let Some(room) = removed {
            self.note_closed(id);
            self.end_code(room.code(), id);
            self.metrics.room_closed();
            if let Some(reopening) = &self.reopening {
                reopening.note_ended(id, self.clock.now());
            }
            info!(room = %id, why = room.end_reason(), "room closed");
            // Only an owner on a connection closes the room itself.
            let reason = room.end_reason().unwrap_or(CLOSED_BY_OWNER);
            self.events.tell(id, RoomChange::Closed { reason });
        }
    }

    fn insert(&self, room: &Arc<SharedRoom>) -> Result<(), RefusalCode> {
        self.table().insert(room.id(), Arc::clone(room))?;
        // Has what it has staged already pushed to its journal.
        room.with(|_| ());
        Ok(())
    }

    fn share(&self, mut room: Room) -> Arc<SharedRoom> {
        room.observe_with(Arc::clone(&self.events) as Arc<dyn Observer>);
        if let Some(recorder) = self.recorder.get() {
            room.record_with(Arc::clone(recorder));
        }
        let (opened, metrics) = (self.clock.now(), Arc::clone(&self.metrics));
        Arc::new(SharedRoom::new(room, opened, metrics, self.journal.get().cloned()))
    }

    /// The digest of an owner key. A room keeps only this.
    pub(crate) fn digest(owner_key: &str) -> KeyDigest {
        KeyDigest(Sha256::digest(owner_key).into())
    }

    /// A room without owner and followers.
    fn deserted_room(&self) -> Option<RoomId> {
        // A room with an audience has an alarm before this moment.
        let soon = self.clock.now().after(AUDIENCE_ALARM_MS);
        let candidates: Vec<_> = self.table().alarms_after(soon).take(DESERTED_CANDIDATES).collect();
        let is_deserted = |id: &RoomId| {
            let is_deserted = self.find(*id).and_then(|room| room.with(|room| room.is_deserted()));
            is_deserted == Some(true) && self.may_go(*id)
        };
        candidates.into_iter().find(is_deserted)
    }

    /// Whether a deserted room may leave the table.
    fn may_go(&self, id: RoomId) -> bool {
        let journal = self.journal.get().filter(|journal| journal.journal().is_shared());
        journal.is_none_or(|journal| journal.journal().may_forget(id))
    }

    fn table(&self) -> MutexGuard<'_, Rooms<Arc<SharedRoom>>> {
        self.rooms.lock().expect("nothing panics while it holds the table")
    }
}

impl Drop for RoomTable {
    fn drop(&mut self) {
        self.alarms_changed.notify_one();
    }
}
