//! Managers whose rooms outlive the process: in a store, or in a cluster.

#[cfg(any(feature = "cluster", feature = "store"))]
use std::sync::Arc;

#[cfg(feature = "store")]
use tokio::runtime::Handle;
#[cfg(any(feature = "cluster", feature = "store"))]
use tokio::sync::watch;

use super::Manager;
#[cfg(feature = "cluster")]
use crate::cluster::{Cluster, ClusterJournal};
#[cfg(any(feature = "cluster", feature = "store"))]
use crate::journal::JournalHandle;
#[cfg(feature = "cluster")]
use crate::journal::{ClusterError, ClusterSettings, start_cluster};
#[cfg(feature = "store")]
use crate::journal::{Store, StoreError, StoreSettings};
#[cfg(feature = "store")]
use crate::rooms::TableListener;
#[cfg(any(feature = "cluster", feature = "store"))]
use crate::services::Services;
#[cfg(any(feature = "cluster", feature = "store"))]
use crate::settings::Settings;

impl Manager {
    /// Makes a manager whose rooms are stored, so that they outlive the process: those of a former
    /// process are open again, with the same uuid, owner key, actions and state. Pages come back by
    /// themselves. `docs/operating.md` says what is stored when.
    ///
    /// It reads the whole store, some seconds for a gigabyte, and blocks meanwhile. It is to be
    /// called inside of a tokio runtime, which serves the rooms later.
    ///
    /// ```no_run
    /// # fn open() -> Result<(), rtbroadcaster::StoreError> {
    /// use rtbroadcaster::{Manager, Settings, StoreSettings};
    ///
    /// let rooms = Manager::with_store(Settings::default(), &StoreSettings::new("/var/lib/rooms"))?;
    /// println!("{} rooms are open again", rooms.rooms());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If `settings` have an [`AccessSettings::reopen_secret`](crate::AccessSettings), or if the
    /// store can't be opened or read, if another process has it, or if it holds more rooms
    /// than [`Limits::rooms`](crate::Limits) allows. Each error says what to do.
    #[cfg(feature = "store")]
    pub fn with_store(settings: Settings, store: &StoreSettings) -> Result<Self, StoreError> {
        if settings.access.reopen_secret.is_some() {
            return Err(StoreError::ReopenSecret);
        }
        let mut store = Store::open(store)?;
        let manager = Self::new(settings);
        let Services { limits, clock, rooms, .. } = &**manager.services();
        let clock_start_ms = clock.started_ms();
        let restored = store.restore(limits, store.restart(clock_start_ms, clock.now()))?;
        let (failed, has_failed) = watch::channel(false);
        let listener = TableListener::new(rooms, Handle::current(), failed);
        let journal = store.start(Box::new(listener))?;
        rooms.keep_in(Arc::new(JournalHandle::new(Box::new(journal), clock_start_ms, has_failed)));
        rooms.restore(restored)?;
        manager.services().recordings.resume(&rooms.all(), &Handle::current());
        Ok(manager)
    }

    /// Makes a manager whose rooms live on several servers, the nodes of a cluster: each room is
    /// kept in a NATS JetStream cluster, and whoever follows or owns it may be connected to any
    /// node. `docs/cluster.md` says what is promised.
    ///
    /// It waits at most 10 s for the servers of NATS, and as long for JetStream. Streams that are
    /// not there are created. It is to be called inside of a tokio runtime, which serves the rooms
    /// later.
    ///
    /// ```no_run
    /// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
    /// use rtbroadcaster::{ClusterSettings, Manager, Settings};
    ///
    /// let cluster = ClusterSettings::new(["nats://10.0.0.1".parse()?, "nats://10.0.0.2".parse()?]);
    /// let rooms = Manager::with_cluster(Settings::default(), &cluster).await?;
    /// println!("this node can serve rooms: {}", rooms.is_ready());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If `settings` have an [`AccessSettings::reopen_secret`](crate::AccessSettings), if NATS can't
    /// be reached or refuses this node, or if it can't have the streams. Each error says what to
    /// do.
    #[cfg(feature = "cluster")]
    pub async fn with_cluster(
        mut settings: Settings,
        cluster: &ClusterSettings,
    ) -> Result<Self, ClusterError> {
        if settings.access.reopen_secret.is_some() {
            return Err(ClusterError::ReopenSecret);
        }
        // What followers say or ask at one node would have to be told at another.
        settings.limits.lanes_per_room = 0;
        settings.limits.members_per_room = 0;
        settings.limits.requests_per_room = 0;
        let connection = start_cluster(cluster, settings.limits.owner_grace_ms).await?;
        let manager = Self::new(settings);
        let Services { limits, clock, rooms, .. } = &**manager.services();
        let node = Cluster::start(connection, cluster, rooms, *clock, limits).await?;
        // It never fails: what can't be kept now is kept later, or its clients come back.
        let (_, has_failed) = watch::channel(false);
        let journal = Box::new(ClusterJournal::new(Arc::clone(&node)));
        rooms.keep_in(Arc::new(JournalHandle::new(journal, clock.started_ms(), has_failed)));
        manager.services().recordings.join_cluster();
        manager.services().cluster.get_or_init(|| node);
        Ok(manager)
    }

    /// Whether clients should be sent here: the manager isn't being shut down, and rooms can be had
    /// and kept. A node of a cluster that doesn't hear of it for 15 s is not ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.is_shutting_down() && self.services().is_ready()
    }

    /// Whether other servers have the same rooms.
    pub(crate) fn shares_rooms(&self) -> bool {
        self.room_table().journal().is_some_and(|journal| journal.journal().is_shared())
    }

    /// Resolves when the rooms can't be stored any more, because the disk is full for example; the
    /// log says why. Nothing is acknowledged from then on, so the process should end: what was
    /// acknowledged is stored. Never resolves for a manager without a store.
    #[cfg(feature = "store")]
    pub async fn store_failed(&self) {
        match self.room_table().journal() {
            Some(journal) => journal.failed().await,
            None => std::future::pending().await,
        }
    }

    /// Whether its rooms are stored, and outlive the process.
    #[must_use]
    pub fn stores_rooms(&self) -> bool {
        self.room_table().journal().is_some()
    }
}
