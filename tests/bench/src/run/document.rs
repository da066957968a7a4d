//! The page with a run's results: goals, plots, tables, and the method.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Context;

use super::goal::Goal;
use super::plot::{PLOTS, Plot};
use super::processor::{self, Processor};
use super::results::Results;
use super::{goal, goals, quiet, table};

/// A kind of page.
pub(super) struct Page {
    /// Its name without its ending, and the name of the folder with its plots.
    pub(super) name: &'static str,
    pub(super) introduction: &'static str,
    pub(super) goals: fn(&Results) -> Vec<Goal>,
    /// Whether the figures of one kind of processor are kept beside those of others.
    pub(super) keeps_processors: bool,
    pub(super) plots: &'static [Plot],
    /// What was found out by hand about the run that is kept. Each new run needs another look at
    /// it.
    pub(super) findings: &'static str,
    /// What follows from the figures.
    pub(super) more: fn(&Results) -> String,
    pub(super) method: &'static str,
}

/// What a delivery costs the server and others.
pub(super) const SERVERS: Page = Page {
    name: "benchmark",
    introduction: INTRODUCTION,
    goals: goals::all,
    keeps_processors: true,
    plots: &PLOTS,
    findings: include_str!("../../findings.md"),
    more: |_| String::new(),
    method: METHOD,
};

/// Writes a page and its plots into a folder, and returns the page.
pub(super) fn write(
    page: &Page,
    results: &Results,
    circumstances: &str,
    folder: &Path,
) -> anyhow::Result<String> {
    let Page { name, introduction, findings, method, .. } = page;
    let plots = folder.join(name);
    let goals = (page.goals)(results);
    let table = goal::table(&goals);
    let mut text = format!("{introduction}\n{circumstances}\n\n## Goals\n\n{RATIOS}\n{table}\n");
    if page.keeps_processors {
        let folder = plots.join("processors");
        Processor::of_run(&goals, quiet::was_quiet(results))?.keep(&folder)?;
        let table = processor::table(&goals, &Processor::kept(&folder)?);
        let _ = writeln!(text, "## Goals by processor\n\n{PROCESSORS}\n{table}");
    }
    for plot in page.plots {
        fs::create_dir_all(&plots).with_context(|| format!("cannot create {}", plots.display()))?;
        if plot.draw(results, &plots)? {
            let _ = writeln!(text, "![{}]({name}/{}.svg)\n", plot.title, plot.name);
        }
    }
    for failure in results.failures() {
        let _ = writeln!(text, "**Failed**: {failure}\n");
    }
    let more = (page.more)(results);
    let _ = write!(text, "{findings}## Figures\n\n{}{more}{method}", table::markdown(results));
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let file = folder.join(format!("{name}.md"));
    fs::write(&file, &text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(text)
}

const INTRODUCTION: &str = "\
# What a delivery costs

`cargo xtask bench --peers --save` has written this. `cargo xtask bench` measures again on your
machine: absolute figures differ from machine to machine, ratios within one run hold.
";

/// How to read the table of goals.
const RATIOS: &str = "\
\"Against\" means a ratio: the server's figure divided by the other's.
";

/// How to read the table of processors.
const PROCESSORS: &str = "\
The newest run on each kind of processor, from `docs/benchmark/processors/`. Ratios hold within one
column: a dearer system call makes what stands beside it look cheaper.
";

const METHOD: &str = "\
## How it is measured

- **Candidates take turns**, scenario by scenario: A B C, A B C … Each turn has a fresh process. The
  tables show medians over the turns, and of losses the worst turn. Every ratio is a ratio of
  medians.
- **The write loop** is a bare program that, for each message, calls `write` once per follower with
  a ready frame. **Coalescing** is the same program, but each `write` takes everything that one read
  of the owner's socket gave. Bun, ws and Socket.IO run small servers (`tests/bench/peers/`) with
  their own means for rooms.
- **Over TLS** the write loop is the encrypting loop: it gives each frame to rustls once per
  follower, and writes what comes out. Server and loop have the same cryptography (`ring`), and the
  load generator takes from both what rustls prefers: TLS 1.3 with AES-256-GCM.
- **By server-sent events**: followers ask for `…/events` over HTTP/1.1 without TLS.
- **The load generator** is a process of its own with one thread. Every message carries its number
  and the time of its sending; each delivery is checked for order, loss and repetition. Messages
  have 200 bytes, or 480 where a table says so. All speak the original's whole envelope unless a
  table says otherwise, since all candidates can do that.
- **Load generator busy** is its share of one core. Near 100 % it is the bottleneck, and
  deliveries/s is what it could take.
- **CPU a delivery** is the time of all threads of the server, from the scheduler's books
  (`/proc/PID/task/*/schedstat`), divided by the deliveries of the measured part, without the
  warm-up. In brackets it stands as a multiple of the write loop's. It includes what the kernel does
  in the server's system calls; on loopback that is the receiving side of TCP, too.
- **System calls** are counted by perf, or by strace where perf doesn't work: all of them, whatever
  their kind. Counting has turns of its own.
- **Latency** goes from just before the owner's `write` to just after the follower's `read`. It
  includes the queue in front of the load generator.
- **Memory** is the growth of the proportional set size from before the followers come to after. It
  doesn't include what the kernel keeps for sockets.
- **Others busy** is the time that the rest of the machine took during the turn, in shares of one
  core. A server that is held up sends several messages at once and looks cheaper than it is. So the
  measured programs have priority over others where that is allowed (it takes root). Elsewhere a
  turn with more than 25 % is taken again, up to twice, and the quietest turn counts.
- 10,000 followers need a limit of open files (`ulimit -Hn`) that is a little above that number.
";
