//! Deletes recordings that are too old.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;
use tracing::{info, warn};

use super::recordings::Recordings;

/// How often it is looked for them.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

impl Recordings {
    /// Starts to delete old recordings from time to time, unless that was done before.
    pub(crate) fn keep_up(self: &Arc<Self>, runtime: &Handle) {
        if self.files.is_some() {
            self.upkeep.call_once(|| drop(runtime.spawn(Self::delete_old_for_ever(Arc::downgrade(self)))));
        }
    }

    async fn delete_old_for_ever(recordings: Weak<Self>) {
        while let Some(recordings) = recordings.upgrade() {
            recordings.delete_old().await;
            drop(recordings);
            sleep(INTERVAL).await;
        }
    }

    async fn delete_old(self: &Arc<Self>) {
        let keep_ms = (self.settings.keep_days as u64).saturating_mul(DAY_MS);
        let now = self.clock.time_ms(self.clock.now());
        let old = self.index().older_than(now.saturating_sub(keep_ms));
        for id in old {
            match self.delete(id).await {
                Ok(()) => info!(room = %id.room, part = id.part, "an old recording was deleted"),
                Err(error) => warn!(recording = %id, %error, "an old recording can't be deleted"),
            }
        }
    }
}
