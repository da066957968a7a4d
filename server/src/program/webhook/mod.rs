//! Tells the application by HTTP what happens to rooms: opened, closed, owner away, owner back.
//!
//! Events wait in a queue of a bounded length, so that an application that is slow or down costs
//! the rooms nothing. They are sent one after the other, in their order, each until the application
//! has taken it or too much time has passed. What is dropped is counted.

mod key;
mod request;

use std::time::Duration;

use futures_util::FutureExt;
use rtbroadcaster::{Manager, RoomChange, RoomEvents};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{debug, info, warn};

use crate::client::{Address, Backoff, Client, Trust};

pub(crate) use key::SigningKey;
use request::Notification;

/// How long the end of the program waits for events that are still in the queue.
const LAST_EVENTS_TIMEOUT: Duration = Duration::from_millis(500);

/// The settings of the webhook.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WebhookSettings {
    /// Where the application takes events. None without a webhook.
    pub(crate) address: Option<Address>,
    /// The key that signs them.
    pub(crate) key: Option<SigningKey>,
    /// How many events may wait.
    pub(crate) queue: usize,
    /// Milliseconds that the application may take to answer.
    pub(crate) timeout_ms: u64,
    /// Milliseconds for which one event is tried.
    pub(crate) retry_ms: u64,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self { address: None, key: None, queue: 1_024, timeout_ms: 10_000, retry_ms: 600_000 }
    }
}

/// The webhook of a running server.
pub(crate) struct Webhook {
    stop: oneshot::Sender<()>,
    sender: JoinHandle<()>,
}

impl Webhook {
    /// Starts to tell of the manager's rooms, if the settings say where.
    pub(crate) fn start(manager: &Manager, settings: WebhookSettings) -> Option<Self> {
        let (address, key) = (settings.address.clone()?, settings.key.clone()?);
        info!(%address, "the application is told of rooms");
        let (waiting, queue) = mpsc::channel(settings.queue);
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(listen(manager.events(), manager.clone(), waiting, stopped));
        let sender = Sender {
            client: Client::new(address, Trust::Authorities),
            key,
            settings,
            manager: manager.clone(),
        };
        Some(Self { stop, sender: tokio::spawn(sender.send_all(queue)) })
    }

    /// Tells what is in the queue, as far as that takes no time, and ends.
    pub(crate) async fn finish(self) {
        // The listener has ended if it can't be told.
        let _ = self.stop.send(());
        if timeout(LAST_EVENTS_TIMEOUT, self.sender).await.is_err() {
            warn!("the application was not told of everything before the end");
        }
    }
}

/// Puts events into the queue, until it is told to stop and has put in what has happened by then.
async fn listen(
    mut events: RoomEvents,
    manager: Manager,
    waiting: mpsc::Sender<Notification>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut is_stopped = false;
    loop {
        let event = if is_stopped {
            match events.next().now_or_never() {
                Some(event) => event,
                None => return,
            }
        } else {
            tokio::select! {
                event = events.next() => event,
                _ = &mut stopped => {
                    is_stopped = true;
                    continue;
                }
            }
        };
        match event {
            None => return,
            Some(Err(lagged)) => dropped(&manager, lagged.missed),
            Some(Ok(event)) => {
                let Some(notification) = Notification::of(&event) else { continue };
                if waiting.try_send(notification).is_err() {
                    dropped(&manager, 1);
                }
            }
        }
    }
}

/// Counts events that the application is not told.
fn dropped(manager: &Manager, events: u64) {
    manager.count_webhook_events(0, events);
    if manager.may_warn() {
        warn!(events, "events were dropped: the webhook takes them too slowly, or not at all");
    }
}

struct Sender {
    client: Client,
    key: SigningKey,
    settings: WebhookSettings,
    manager: Manager,
}

impl Sender {
    async fn send_all(mut self, mut queue: mpsc::Receiver<Notification>) {
        while let Some(notification) = queue.recv().await {
            if self.tell(&notification).await {
                self.manager.count_webhook_events(1, 0);
            } else {
                dropped(&self.manager, 1);
            }
        }
    }

    /// Sends one event until the application has taken it. Returns whether it has.
    async fn tell(&mut self, notification: &Notification) -> bool {
        let deadline = Instant::now() + Duration::from_millis(self.settings.retry_ms);
        let mut backoff = Backoff::default();
        loop {
            let attempt =
                timeout(Duration::from_millis(self.settings.timeout_ms), self.attempt(notification));
            let failure = match attempt.await {
                Ok(Ok(())) => return true,
                Ok(Err(error)) => format!("{error:#}"),
                Err(_) => "no answer in time".to_owned(),
            };
            debug!(failure, event = notification.kind, "the webhook has not taken an event");
            if self.manager.may_warn() {
                warn!(failure, "the webhook does not take events: they are tried again");
            }
            if timeout_at(deadline, sleep(backoff.next(None))).await.is_err() {
                return false;
            }
        }
    }

    async fn attempt(&mut self, notification: &Notification) -> anyhow::Result<()> {
        let address = self.settings.address.as_ref().map(Address::exact_path).unwrap_or_default();
        let response = self.client.send(notification.request(address, &self.key)?).await?;
        let status = response.status();
        // Read to its end, so that the connection can be used again.
        crate::client::text(response).await?;
        anyhow::ensure!(status.is_success(), "it answered {status}");
        Ok(())
    }
}

/// What the application is told of. It asks for the followers itself, if it wants to know.
fn kind(change: &RoomChange) -> Option<&'static str> {
    match change {
        RoomChange::Opened => Some("room.opened"),
        RoomChange::Closed { .. } => Some("room.closed"),
        RoomChange::OwnerAway => Some("owner.away"),
        RoomChange::OwnerBack => Some("owner.back"),
        _ => None,
    }
}
