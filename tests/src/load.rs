//! Clients that put servers under load and check what they are served. Whatever happens to the
//! servers meanwhile, nothing that was acknowledged may be lost, nothing may come twice or out of
//! order, and every client goes on by itself.

mod clients;
mod context;
mod http;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::{until, within};
use clients::{follow_by_events, follow_by_page, own_by_page, own_by_posts};
use context::{Context, Phase};

pub(crate) use http::get;

/// How many rooms there are, and how busy they are.
#[derive(Debug, Clone, Copy)]
pub struct LoadPlan {
    /// Rooms whose owner is a page. There is one more whose owner is a program that posts. Each has
    /// two followers on websockets, and one on a stream of events.
    pub rooms: u64,
    /// The pause between two bursts of a page; without one, it sends as fast as it is answered.
    pub pause: Option<Duration>,
}

/// Clients that go on until they are told to stop.
#[derive(Debug)]
pub struct Load {
    clients: JoinSet<()>,
    phase: watch::Sender<Phase>,
    /// Actions that were acknowledged, for each room.
    acknowledged: Vec<Arc<AtomicU64>>,
}

impl Load {
    /// Opens the rooms at this address, and has all followers there before an owner begins.
    pub async fn start(address: &str, plan: LoadPlan) -> Self {
        let (phase, changes) = watch::channel(Phase::Going { restarts: 0 });
        let acknowledged: Vec<_> = (0..=plan.rooms).map(|_| Arc::new(AtomicU64::new(0))).collect();
        let mut contexts =
            acknowledged.iter().map(|count| Context::new(address, changes.clone(), count, plan.pause));
        let posts = contexts.next().expect("the room whose owner posts");
        let mut clients = JoinSet::new();
        for (room, context) in (1..).zip(contexts) {
            let (owner, uuid) = own_by_page(context.clone(), room).await;
            open_followers(&context, &uuid, &mut clients).await;
            clients.spawn(owner);
        }
        let (owner, uuid) = own_by_posts(posts.clone()).await;
        open_followers(&posts, &uuid, &mut clients).await;
        clients.spawn(owner);
        Self { clients, phase, acknowledged }
    }

    /// Actions that were acknowledged, each of which every follower of its room is served once.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        counts(&self.acknowledged).iter().sum()
    }

    /// Waits until so many more actions are acknowledged.
    pub async fn goes_on(&mut self, actions: u64) {
        let goal = self.acknowledged() + actions;
        let counters = self.acknowledged.clone();
        self.reach("more actions to be acknowledged", || counts(&counters).iter().sum::<u64>() >= goal).await;
    }

    /// Waits until so many more actions are acknowledged in every room.
    pub async fn every_room_goes_on(&mut self, actions: u64) {
        let before = counts(&self.acknowledged);
        let counters = self.acknowledged.clone();
        self.reach("more actions to be acknowledged in every room", || {
            counts(&counters).iter().zip(&before).all(|(now, before)| *now >= before + actions)
        })
        .await;
    }

    /// Tells the clients that a server is there again, so that they need not wait until they try
    /// again by themselves.
    pub fn wake(&self) {
        self.phase.send_modify(|phase| {
            if let Phase::Going { restarts } = phase {
                *restarts += 1;
            }
        });
    }

    /// Has the owners send their last actions, and waits until each follower was served its room's.
    /// Returns how many actions were acknowledged.
    pub async fn finish(mut self) -> u64 {
        self.phase.send_replace(Phase::Over);
        within("all clients to see the end", async {
            while let Some(ended) = self.clients.join_next().await {
                ended.expect("no client is let down");
            }
        })
        .await;
        self.acknowledged()
    }

    async fn reach(&mut self, awaited: &str, is_reached: impl Fn() -> bool) {
        tokio::select! {
            () = until(awaited, async || is_reached().then_some(())) => {}
            Some(ended) = self.clients.join_next() => panic!("a client has ended: {ended:?}"),
        }
    }
}

fn counts(acknowledged: &[Arc<AtomicU64>]) -> Vec<u64> {
    acknowledged.iter().map(|count| count.load(Ordering::Relaxed)).collect()
}

/// They are there before the owner begins, so that they are served its first action.
async fn open_followers(context: &Context, uuid: &str, clients: &mut JoinSet<()>) {
    for _ in 0..2 {
        clients.spawn(follow_by_page(context.clone(), uuid.to_owned()).await);
    }
    clients.spawn(follow_by_events(context.clone(), uuid.to_owned()).await);
}
