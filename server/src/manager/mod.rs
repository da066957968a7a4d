//! All rooms of a server.

mod memory;

use std::net::IpAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, Once, Weak};
use std::time::{Duration, Instant};

use rtbroadcaster_protocol::{
    KeyDigest, Memory, Operation, OwnerKey, Permissions, Rate, Refusal, RefusalCode, Room, RoomId, Rooms,
    Timestamp,
};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tracing::{info, warn};

use crate::Settings;
use crate::access::Access;
use crate::admission::address_limits::AddressLimits;
use crate::admission::log_throttle::LogThrottle;
use crate::admission::{Admission, Gatekeeper, NotAdmitted};
use crate::connection::Connection;
use crate::connection::sweep::{self, Connections};
use crate::fanout::containment::contained;
use crate::fanout::shared_room::SharedRoom;
use crate::metrics::Metrics;

/// Bytes of randomness in an owner key: more than the 128 bits that nobody guesses.
const OWNER_KEY_BYTES: usize = 24;

/// How many rooms are looked at for one that can be given up when there are too many.
const DESERTED_CANDIDATES: usize = 64;

/// A room with an audience is looked at once a second, to count it.
const AUDIENCE_ALARM_MS: u64 = 1_000;

/// Why a room is closed in which something panicked.
const BROKEN: &str = "an error of the server broke it";

/// All rooms of a server, and the limits they keep. Cheap to clone; every clone is the same manager.
///
/// [`Manager::routes`] is what an application mounts.
#[derive(Debug, Clone)]
pub struct Manager {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    settings: Settings,
    access: Access,
    /// How often an address may ask for rooms that aren't there.
    unknown_rooms: AddressLimits,
    rooms: Mutex<Rooms<Arc<SharedRoom>>>,
    /// What they take together.
    memory: Arc<Memory>,
    connections: Connections,
    metrics: Arc<Metrics>,
    /// Lets connections in.
    gatekeeper: Gatekeeper,
    /// Warns of refusals.
    warning: LogThrottle,
    /// How often an address may open a room.
    opened_rooms: AddressLimits,
    shutting_down: AtomicBool,
    draining: AtomicBool,
    started: Instant,
    /// Rung for a new alarm, and when the manager is gone.
    alarms_changed: Arc<Notify>,
    clock: Once,
    sweep: Once,
}

impl Manager {
    /// A manager without rooms.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            shared: Arc::new(Shared {
                access: Access::new(&settings.access),
                unknown_rooms: AddressLimits::new(Rate::per_minute(settings.limits.unknown_rooms_per_minute)),
                rooms: Mutex::new(Rooms::new(settings.limits.rooms)),
                memory: Arc::new(Memory::new(settings.limits.room_memory_bytes)),
                connections: Connections::default(),
                metrics: Arc::new(Metrics::new()),
                gatekeeper: Gatekeeper::new(permits(&settings) as usize, &settings.limits),
                warning: LogThrottle::default(),
                opened_rooms: AddressLimits::new(Rate::per_minute(
                    settings.limits.rooms_per_minute_per_address,
                )),
                shutting_down: AtomicBool::new(false),
                draining: AtomicBool::new(false),
                started: Instant::now(),
                alarms_changed: Arc::new(Notify::new()),
                clock: Once::new(),
                sweep: Once::new(),
                settings,
            }),
        }
    }

    /// How it is set up.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// How many rooms there are.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.table().len()
    }

    /// Whether the bearer of this token, or whoever has none, may do this: the field `token` of a first message, or what
    /// follows `Bearer` in the header `Authorization`. The same as connections are asked.
    ///
    /// # Errors
    /// `unauthorized` where a token is needed and there is none, or not one that is accepted; `forbidden` where it is, but
    /// does not allow this; `keys_unavailable` while its key is being looked for or cannot be
    /// had.
    pub fn authorise(&self, operation: Operation, token: Option<&str>) -> Result<(), Refusal> {
        if self.permissions(operation, token)?.allow(operation) {
            Ok(())
        } else {
            Err(RefusalCode::Forbidden.into())
        }
    }

    /// Reads the keys that tokens are signed with ([`KeySource`](crate::KeySource)), so that an error is known before
    /// the first token comes. Without this it is done then.
    ///
    /// # Errors
    /// Why they could not be had. They are looked for again when a token needs them.
    #[cfg(feature = "jwt")]
    pub async fn load_keys(&self) -> Result<(), crate::KeysError> {
        self.shared.access.load_keys().await
    }

    pub(crate) fn permissions(
        &self,
        operation: Operation,
        token: Option<&str>,
    ) -> Result<Permissions, Refusal> {
        self.shared.access.permissions(operation, token)
    }

    /// Whether a client at this address may ask for a room, or when.
    pub(crate) fn may_ask_for_room(&self, remote: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        match self.shared.unknown_rooms.wait(remote, now) {
            0 => Ok(()),
            wait => Err(Refusal::until_later(RefusalCode::RateLimited, wait)),
        }
    }

    /// A client at this address has asked for a room that isn't there.
    pub(crate) fn note_unknown_room(&self, remote: IpAddr, now: Timestamp) {
        self.shared.unknown_rooms.count(remote, now);
    }

    /// Milliseconds since the manager was made.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(u64::try_from(self.shared.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn upgrade(shared: &Weak<Shared>) -> Option<Self> {
        shared.upgrade().map(|shared| Self { shared })
    }

    /// What it counts.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// The memory of all its rooms.
    pub(crate) fn memory(&self) -> &Memory {
        &self.shared.memory
    }

    /// All its rooms. The table isn't locked any more when they are looked at.
    pub(crate) fn all_rooms(&self) -> Vec<Arc<SharedRoom>> {
        self.table().iter().map(Arc::clone).collect()
    }

    /// All its connections.
    pub(crate) fn connections(&self) -> &Connections {
        &self.shared.connections
    }

    /// Whether it is on its way to its end, and lets nobody in.
    pub(crate) fn shutting_down(&self) -> &AtomicBool {
        &self.shared.shutting_down
    }

    /// Whether clients are being sent away.
    pub(crate) fn draining(&self) -> &AtomicBool {
        &self.shared.draining
    }

    /// Resolves when no connection is left.
    pub(crate) async fn all_gone(&self) {
        self.shared.gatekeeper.all_gone(permits(&self.shared.settings)).await;
    }

    /// The right to one more connection of a client at this address, if that is known, until it is dropped.
    pub(crate) fn admit(&self, remote: Option<IpAddr>) -> Result<Admission, NotAdmitted> {
        if self.is_shutting_down() {
            return Err(NotAdmitted::ShuttingDown { wait_ms: self.shared.settings.limits.return_window_ms });
        }
        self.shared.gatekeeper.admit(remote, self.now())
    }

    /// Whether the log is to be told of a refusal at a level at which somebody looks: not of each of a flood.
    pub(crate) fn may_warn(&self) -> bool {
        self.shared.warning.allows(self.now())
    }

    /// Looks after a connection until it is forgotten.
    pub(crate) fn register(&self, connection: &Arc<Connection>) {
        self.shared.sweep.call_once(|| {
            let pause = sweep::pause(&self.shared.settings.limits);
            tokio::spawn(sweep::sweep(Arc::downgrade(&self.shared), pause));
        });
        self.metrics().connection_opened();
        self.connections().add(connection);
        if self.is_shutting_down() {
            // It came too late to be told with the others.
            connection.shut_down();
        }
    }

    /// Looks after a connection no more.
    pub(crate) fn forget(&self, connection: &Connection) {
        self.connections().remove(connection);
    }

    /// Opens a room for a client at this address, if that is known.
    pub(crate) fn create(
        &self,
        session: Option<&str>,
        remote: Option<IpAddr>,
    ) -> Result<(RoomId, OwnerKey, Arc<SharedRoom>), Refusal> {
        if let Some(remote) = remote {
            self.shared
                .opened_rooms
                .try_once(remote, self.now())
                .map_err(|wait| Refusal::until_later(RefusalCode::RateLimited, wait))?;
        }
        self.has_memory_for_a_room()?;
        let id = RoomId::from_random(u128::from_be_bytes(random()));
        let key = OwnerKey(hex(&random::<OWNER_KEY_BYTES>()));
        let limits = self.shared.settings.limits.clone();
        let mut room = Room::new(id, Self::digest(&key.0), session, limits);
        room.share_memory(&self.shared.memory);
        let handle = Arc::new(SharedRoom::new(room, self.now(), Arc::clone(&self.shared.metrics)));
        let inserted = self.table().insert(id, Arc::clone(&handle));
        if let Err(full) = inserted {
            if self.may_warn() {
                warn!("as many rooms as there may be: raise --rooms, or look who opens so many");
            }
            let deserted = self.deserted_room().ok_or(full)?;
            self.close(deserted, "it was deserted, and room was needed");
            self.table().insert(id, Arc::clone(&handle))?;
        }
        self.metrics().room_opened();
        info!(room = %id, "room opened");
        Ok((id, key, handle))
    }

    /// A room that its owner has left and nobody follows.
    fn deserted_room(&self) -> Option<RoomId> {
        // Rooms with an audience are looked at sooner than that.
        let soon = self.now().after(AUDIENCE_ALARM_MS);
        let candidates: Vec<_> = self.table().alarms_after(soon).take(DESERTED_CANDIDATES).collect();
        candidates.into_iter().find(|id| {
            self.find(*id).and_then(|handle| handle.with(|room| room.is_deserted())).unwrap_or(false)
        })
    }

    pub(crate) fn find(&self, id: RoomId) -> Option<Arc<SharedRoom>> {
        self.table().get(id).map(Arc::clone)
    }

    pub(crate) fn close(&self, id: RoomId, why: &'static str) {
        let removed = self.table().remove(id);
        if let Some(handle) = removed {
            handle.with(Room::close);
            handle.serve_soon();
            self.metrics().room_closed();
            info!(room = %id, why, "room closed");
        }
    }

    /// The room is to be looked at, at this moment.
    pub(crate) fn wake_at(&self, id: RoomId, moment: Timestamp) {
        self.table().wake_at(moment, id);
        self.shared.clock.call_once(|| {
            tokio::spawn(keep_time(Arc::downgrade(&self.shared), Arc::clone(&self.shared.alarms_changed)));
        });
        self.shared.alarms_changed.notify_one();
    }

    pub(crate) fn digest(owner_key: &str) -> KeyDigest {
        KeyDigest(Sha256::digest(owner_key).into())
    }

    /// Looks at the rooms that are due: counts their followers, closes those without an owner. Returns how long to wait
    /// for the next.
    fn look_at_rooms(&self) -> Option<Duration> {
        for id in self.take_due() {
            if contained("the look at a room", || self.look_at_room(id)).is_none() {
                self.close(id, BROKEN);
            }
        }
        let next = self.table().next_alarm()?;
        Some(Duration::from_millis(next.since(self.now()).max(1)))
    }

    fn look_at_room(&self, id: RoomId) {
        let Some(handle) = self.find(id) else { return };
        let looked = handle.with(|room| (room.tick(self.now()), room.take_alarm()));
        handle.serve();
        match looked {
            Some((true, None)) => {}
            Some((true, Some(moment))) => self.table().wake_at(moment, id),
            Some((false, _)) => self.close(id, "its owner did not come back"),
            None => self.close(id, BROKEN),
        }
    }

    fn take_due(&self) -> Vec<RoomId> {
        let now = self.now();
        self.table().take_due(now)
    }

    fn table(&self) -> MutexGuard<'_, Rooms<Arc<SharedRoom>>> {
        self.shared.rooms.lock().expect("nothing panics while it holds the table")
    }
}

/// Keeps the time for all rooms of a manager, as long as there is one.
async fn keep_time(shared: Weak<Shared>, alarms_changed: Arc<Notify>) {
    loop {
        let Some(shared) = shared.upgrade() else { return };
        let pause = Manager { shared }.look_at_rooms();
        tokio::select! {
            () = tokio::time::sleep(pause.unwrap_or(Duration::MAX)) => {}
            () = alarms_changed.notified() => {}
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.alarms_changed.notify_one();
    }
}

/// A semaphore counts to 2³² − 1 at most when all its permits are asked for at once.
fn permits(settings: &Settings) -> u32 {
    u32::try_from(settings.connections).unwrap_or(u32::MAX)
}

fn random<const BYTES: usize>() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes everything that is written to it");
        text
    })
}
