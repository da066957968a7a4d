//! A server that is killed again and again while it stores its rooms, under the [load](super::load)
//! of clients that must not notice.

use std::path::Path;

use crate::cluster::free_address;
use crate::load::{Load, LoadPlan};
use crate::{Program, Random};

/// As fast as they are answered.
const PLAN: LoadPlan = LoadPlan { rooms: 3, pause: None };
/// Between two kills, at most this many actions are acknowledged.
const MOST_ACTIONS: u64 = 300;

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
    let address = free_address();
    let start = || start(server, &address, data, sync);
    let mut program = start().await;
    let mut load = Load::start(&address, PLAN).await;
    for kill in 1..=kills {
        load.goes_on(random.below(MOST_ACTIONS)).await;
        program.signal("KILL").await;
        assert_eq!(program.exit_code().await, None, "it was killed");
        program = start().await;
        load.wake();
        watch_kills(Survival { kills: kill, acknowledged: load.acknowledged() });
    }
    Survival { kills, acknowledged: load.finish().await }
}

async fn start(server: &Path, address: &str, data: &Path, sync: &str) -> Program {
    let mut command = Program::command_of(server);
    command.args(["--listen", address, "--sync", sync, "--log", "warn", "--data"]).arg(data);
    command.args(["--unknown-rooms-per-minute", "1000000"]);
    Program::listening(command).await
}
