//! Deletes recordings that are too old.

use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::time::sleep;
use tracing::{info, warn};

use super::blocking::blocking;
use super::part::{PartId, PartState};
use super::recordings::Recordings;

/// How often it is looked for them.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Recordings {
    /// Starts to delete old recordings from time to time, unless that was done before.
    pub(crate) fn keep_up(self: &Arc<Self>, runtime: &Handle) {
        if self.files.is_some() {
            self.upkeep.call_once(|| drop(runtime.spawn(Self::delete_old_for_ever(Arc::downgrade(self)))));
        }
    }

    async fn delete_old_for_ever(recordings: Weak<Self>) {
        while let Some(recordings) = recordings.upgrade() {
            recordings.delete_old(SystemTime::now()).await;
            drop(recordings);
            sleep(INTERVAL).await;
        }
    }

    async fn delete_old(self: &Arc<Self>, now: SystemTime) {
        let Some(files) = self.files.clone() else { return };
        let days = u32::try_from(self.settings.keep_days).unwrap_or(u32::MAX);
        let Some(oldest) = DAY.checked_mul(days).and_then(|age| now.checked_sub(age)) else { return };
        let ended: Vec<PartId> = {
            let index = self.index();
            index.iter().filter(|(_, part)| part.state != PartState::Running).map(|(id, _)| id).collect()
        };
        let is_old = move |id: &PartId| files.written(*id).is_ok_and(|written| written < oldest);
        let old = blocking(move || Ok(ended.into_iter().filter(is_old).collect::<Vec<_>>())).await;
        for id in old.unwrap_or_default() {
            match self.delete(id).await {
                Ok(()) => info!(room = %id.room, part = id.part, "an old recording was deleted"),
                Err(error) => warn!(recording = %id, %error, "an old recording can't be deleted"),
            }
        }
    }
}
