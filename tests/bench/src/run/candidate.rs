//! Who is measured, and how each is started.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

/// What a candidate prints before its address.
const READY: &str = "listening on http://";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Candidate {
    /// Ours, as its users run it.
    Server,
    /// The floor that writes each message to each socket.
    WriteLoop,
    /// The floor that writes a backlog at once.
    Coalescing,
}

impl Candidate {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "rtbroadcaster",
            Self::WriteLoop => "write loop",
            Self::Coalescing => "coalescing",
        }
    }
}

/// Where the programs are.
pub(super) struct Programs {
    pub(super) server: PathBuf,
    /// This one.
    pub(super) bench: PathBuf,
}

/// A candidate that listens; killed when dropped.
pub(super) struct Running {
    child: Child,
    /// `host:port`
    pub(super) address: String,
}

impl Running {
    pub(super) fn start(programs: &Programs, candidate: Candidate) -> anyhow::Result<Self> {
        let mut command = match candidate {
            Candidate::Server => {
                let mut server = Command::new(&programs.server);
                server.args(["--listen", "127.0.0.1:0"]);
                server
            }
            Candidate::WriteLoop => floor(programs, "write"),
            Candidate::Coalescing => floor(programs, "coalesce"),
        };
        // What it logs is nobody's here, and a full pipe would stop it.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("{} cannot be started", candidate.name()))?;
        // From here on dropping it kills the child.
        let mut running = Self { child, address: String::new() };
        let stdout = running.child.stdout.take().context("its stdout is a pipe")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("its stdout cannot be read")?;
        let Some(address) = line.trim_end().strip_prefix(READY) else {
            bail!("{} printed {line:?} instead of its address", candidate.name());
        };
        address.clone_into(&mut running.address);
        Ok(running)
    }

    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It fails only if the program has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn floor(programs: &Programs, mode: &str) -> Command {
    let mut command = Command::new(&programs.bench);
    command.args(["floor", mode]);
    command
}
