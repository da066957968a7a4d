//! A server under churn: its memory, descriptors, threads and tasks must not grow with time.

mod churn;
mod process;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};

use crate::{METRICS_PATH, Program, Request, Room, Scrape, within};
use churn::Arena;
pub use process::Usage;

/// Timeouts so short that all of them are reached again and again.
const SETTINGS: [&str; 14] = [
    "--owner-grace-ms=1000",
    "--handshake-timeout-ms=2000",
    "--stall-timeout-ms=3000",
    "--ping-interval-ms=1000",
    "--idle-timeout-ms=5000",
    "--ring-actions=500",
    "--ring-bytes=1000000",
    "--slot-bytes-per-room=200000",
    "--followers-per-room=200",
    // All clients share one address, and some guess uuids.
    "--unknown-rooms-per-minute=1000000",
    "--handshakes-per-second-per-address=1000000",
    "--handshakes-per-second=1000000",
    "--rooms-per-minute-per-address=1000000",
    "--log=warn",
];

/// Rooms that stay open all the time.
const STEADY_ROOMS: usize = 4;
/// How many clients of each kind that comes and goes there are at a time.
const CHURNERS: usize = 8;
/// Pause between two looks at the process.
const PAUSE: Duration = Duration::from_millis(500);
/// Descriptors that a runtime may open after its start and keep.
const MORE_DESCRIPTORS: usize = 4;
/// Tasks that the server starts with its first client and keeps: the ones that watch the clock.
const MORE_TASKS: u64 = 6;
/// The secret for the server's metrics.
const TOKEN: &str = "the-token-of-the-soak-test";
/// How much the memory may grow from the second third of the time to the last. The bytes that an
/// allocator keeps vary; a leak under this churn is larger within a minute.
const MORE_MEMORY: f64 = 1.15;
/// The memory may grow by this much in any case.
const MORE_BYTES: u64 = 4 * 1024 * 1024;

/// The results of a run.
#[derive(Debug)]
pub struct Report {
    /// The usage before the first client.
    pub before: Usage,
    /// The median usage in the second third of the time.
    pub middle: Usage,
    /// The median usage in the last third.
    pub last: Usage,
    /// The usage after all clients had left.
    pub after: Usage,
    /// How many clients came and left.
    pub visits: u64,
}

impl Report {
    /// What has grown, in words.
    #[must_use]
    pub fn growth(&self) -> Option<String> {
        let Self { before, middle, last, after, .. } = self;
        let most_memory = (middle.memory as f64 * MORE_MEMORY) as u64 + MORE_BYTES;
        if last.memory > most_memory {
            return Some(format!("memory went on growing: {} bytes, then {}", middle.memory, last.memory));
        }
        if after.descriptors > before.descriptors + MORE_DESCRIPTORS {
            return Some(format!(
                "descriptors stayed open: {} before, {} after",
                before.descriptors, after.descriptors
            ));
        }
        self.more_tasks().or_else(|| self.more_threads())
    }

    fn more_tasks(&self) -> Option<String> {
        let [before, middle, last, after] =
            [self.before, self.middle, self.last, self.after].map(|usage| usage.tasks.unwrap_or_default());
        if after > before + MORE_TASKS {
            return Some(format!("tasks were left: {before} before, {after} after"));
        }
        if last > 2 * middle + MORE_TASKS {
            return Some(format!("tasks went on growing: {middle}, then {last}"));
        }
        None
    }

    fn more_threads(&self) -> Option<String> {
        let Self { middle, last, .. } = self;
        if last.threads > middle.threads {
            return Some(format!("threads went on growing: {}, then {}", middle.threads, last.threads));
        }
        None
    }
}

/// Starts a server of this binary and lets clients of all kinds come and go for some time. Every
/// half second it calls `watch` with the time so far, the number of clients that came and left, and
/// the server's usage.
pub async fn soak(server: &Path, time: Duration, mut watch: impl FnMut(Duration, u64, Usage)) -> Report {
    let mut command = Program::command_of(server);
    command.args(["--listen", "127.0.0.1:0"]).args(SETTINGS).env("RTBROADCASTER_METRICS_TOKEN", TOKEN);
    let program = Program::listening(command).await;
    let before = look(&program).await;
    let arena = Arc::new(Arena::new(&program.address));
    let (mut clients, mut owners) = (JoinSet::new(), JoinSet::new());
    for _ in 0..STEADY_ROOMS {
        let room = Room::open(&program.address).await;
        arena.open(&room.uuid);
        owners.spawn(churn::steady(Arc::clone(&arena), room));
    }
    for seed in 0..CHURNERS as u64 {
        clients.spawn(churn::passers_by(Arc::clone(&arena), seed));
        clients.spawn(churn::short_rooms(Arc::clone(&arena), seed));
        clients.spawn(churn::nuisances(Arc::clone(&arena), seed));
    }

    let start = Instant::now();
    let mut usages = Vec::new();
    let mut ticks = interval(PAUSE);
    while start.elapsed() < time {
        tokio::select! {
            _ = ticks.tick() => {}
            // A client that ends before it is told to has found something wrong.
            Some(ended) = clients.join_next() => ended.expect("no client is let down"),
            Some(ended) = owners.join_next() => ended.expect("no owner is let down"),
        }
        let usage = look(&program).await;
        watch(start.elapsed(), arena.visits(), usage);
        usages.push(usage);
    }
    arena.stop();
    all_end(clients).await;
    // The owners of the steady rooms go on until their followers have left.
    arena.close();
    all_end(owners).await;
    let after = quiet(&program, before).await;
    let third = usages.len() / 3;
    Report {
        before,
        middle: Usage::median(&usages[third..2 * third]),
        last: Usage::median(&usages[2 * third..]),
        after,
        visits: arena.visits(),
    }
}

/// The server's usage now. The number of tasks comes from its metrics.
async fn look(program: &Program) -> Usage {
    let metrics = Request::get(METRICS_PATH).bearing(TOKEN).send(&program.address).await;
    assert_eq!(metrics.status, 200, "{}", metrics.body);
    let tasks = Scrape::parse(&metrics.body).value("rtbroadcaster_tasks") as u64;
    Usage { tasks: Some(tasks), ..Usage::of(program.process_id()) }
}

async fn all_end(mut clients: JoinSet<()>) {
    within("all clients to leave", async {
        while let Some(ended) = clients.join_next().await {
            ended.expect("no client is let down");
        }
    })
    .await;
}

/// Waits until the server has ended all connections, but no longer than its timeouts allow.
async fn quiet(program: &Program, before: Usage) -> Usage {
    let start = Instant::now();
    loop {
        let usage = look(program).await;
        let is_quiet = usage.descriptors <= before.descriptors
            && usage.tasks <= before.tasks.map(|tasks| tasks + MORE_TASKS);
        if is_quiet || start.elapsed() > Duration::from_secs(15) {
            return usage;
        }
        sleep(PAUSE).await;
    }
}
