//! A server that is killed again and again while it stores its rooms. Nothing that it acknowledged
//! may be lost, nothing may come twice, and every client goes on by itself.

mod clients;
mod context;
mod http;

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::{Program, within};
use clients::{follow_by_events, follow_by_page, own_by_page, own_by_posts};
use context::{Context, Phase};

/// Rooms whose owner is a page. There is one more whose owner is a program that posts. Each has two
/// followers on websockets, and one on a stream of events.
const ROOMS: u64 = 3;
/// Between two kills, at most this many actions are acknowledged.
const MOST_ACTIONS: u64 = 300;
/// Ports below those that an operating system gives to clients, so that none of them takes the
/// server's port while it is down.
const PORTS: std::ops::Range<u64> = 20_000..30_000;

/// What was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Survival {
    /// How often the server was killed.
    pub kills: u64,
    /// Actions that were acknowledged, each of which every follower of its room was served once.
    pub acknowledged: u64,
}

/// Starts a server of this binary that stores its rooms in `data`, puts it under load and kills it
/// `kills` times at moments that `seed` chooses. After each kill it calls `watch` with what was
/// seen so far. Panics at the first action that is lost, doubled or out of order.
pub async fn survive(
    server: &Path,
    data: &Path,
    sync: &str,
    kills: u64,
    seed: u64,
    mut watch_kills: impl FnMut(Survival),
) -> Survival {
    let mut random = Random(seed);
    let address = free_address(&mut random);
    let start = || start(server, &address, data, sync);
    let mut program = start().await;
    let acknowledged = Arc::new(AtomicU64::new(0));
    let (phase, context) = watch::channel(Phase::Going { restarts: 0 });
    let mut clients = open_all(&Context::new(&address, context, &acknowledged)).await;
    for kill in 1..=kills {
        let goal = acknowledged.load(Ordering::Relaxed) + random.below(MOST_ACTIONS);
        tokio::select! {
            () = reach(&acknowledged, goal) => {}
            Some(ended) = clients.join_next() => panic!("a client has ended: {ended:?}"),
        }
        program.signal("KILL").await;
        assert_eq!(program.exit_code().await, None, "it was killed");
        program = start().await;
        phase.send_replace(Phase::Going { restarts: kill });
        watch_kills(Survival { kills: kill, acknowledged: acknowledged.load(Ordering::Relaxed) });
    }
    phase.send_replace(Phase::Over);
    within("all clients to see the end", async {
        while let Some(ended) = clients.join_next().await {
            ended.expect("no client is let down");
        }
    })
    .await;
    Survival { kills, acknowledged: acknowledged.load(Ordering::Relaxed) }
}

async fn start(server: &Path, address: &str, data: &Path, sync: &str) -> Program {
    let mut command = Program::command_of(server);
    command.args(["--listen", address, "--sync", sync, "--log", "warn", "--data"]).arg(data);
    command.args(["--unknown-rooms-per-minute", "1000000"]);
    Program::listening(command).await
}

async fn open_all(context: &Context) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    for room in 0..ROOMS {
        let (owner, uuid) = own_by_page(context.clone(), room).await;
        open_followers(context, &uuid, &mut clients).await;
        clients.spawn(owner);
    }
    let (owner, uuid) = own_by_posts(context.clone()).await;
    open_followers(context, &uuid, &mut clients).await;
    clients.spawn(owner);
    clients
}

/// They are there before the owner begins, so that they are served its first action.
async fn open_followers(context: &Context, uuid: &str, clients: &mut JoinSet<()>) {
    for _ in 0..2 {
        clients.spawn(follow_by_page(context.clone(), uuid.to_owned()).await);
    }
    clients.spawn(follow_by_events(context.clone(), uuid.to_owned()).await);
}

/// Waits until so many actions are acknowledged.
async fn reach(acknowledged: &AtomicU64, goal: u64) {
    within("more actions to be acknowledged", async {
        while acknowledged.load(Ordering::Relaxed) < goal {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn free_address(random: &mut Random) -> String {
    loop {
        let port = PORTS.start + random.below(PORTS.end - PORTS.start);
        let address = format!("127.0.0.1:{port}");
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

/// Numbers that look random and are the same for the same seed (`SplitMix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}
