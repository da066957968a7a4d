//! The candidates, and how each is started.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

use crate::wire::dialect::Dialect;

/// The text that a candidate prints before its address.
const READY: &str = "listening on http://";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Candidate {
    /// Our server, as its users run it.
    Server,
    /// An earlier build of ours.
    Before,
    /// The same earlier build: how much it differs from itself is the noise of the run.
    BeforeAgain,
    /// The floor that writes each message to each socket.
    WriteLoop,
    /// The floor that writes a backlog at once.
    Coalescing,
    /// uWebSockets, as part of Bun.
    Bun,
    /// The library ws on Node.
    Ws,
    /// Socket.IO on Node.
    SocketIo,
}

impl Candidate {
    /// What users would choose instead.
    pub(super) const PEERS: [Self; 3] = [Self::Bun, Self::Ws, Self::SocketIo];

    pub(super) fn dialect(self) -> Dialect {
        if self == Self::SocketIo { Dialect::SocketIo } else { Dialect::Plain }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "rtbroadcaster",
            Self::Before => "before",
            Self::BeforeAgain => "before, again",
            Self::WriteLoop => "write loop",
            Self::Coalescing => "coalescing",
            Self::Bun => "Bun",
            Self::Ws => "ws",
            Self::SocketIo => "Socket.IO",
        }
    }
}

/// The paths of the programs.
pub(super) struct Programs {
    pub(super) server: PathBuf,
    /// An earlier build of the server, if it takes part.
    pub(super) before: Option<PathBuf>,
    /// This program.
    pub(super) bench: PathBuf,
    /// The folder of the peers, with their npm packages.
    pub(super) peers: Option<PathBuf>,
}

impl Programs {
    fn floor(&self, mode: &str) -> Command {
        let mut command = Command::new(&self.bench);
        command.args(["floor", mode]);
        command
    }

    fn peer(&self, program: PathBuf, script: &str) -> anyhow::Result<Command> {
        let mut command = Command::new(program);
        command.arg(self.peers()?.join(script)).env("NODE_ENV", "production");
        Ok(command)
    }

    /// The path of Bun. npm puts it into a package named after the platform; a script would link
    /// it, but scripts do not run here.
    fn bun(&self) -> anyhow::Result<PathBuf> {
        let folder = self.peers()?.join("node_modules/@oven");
        let packages = fs::read_dir(&folder).context("npm has not installed Bun")?;
        let mut binaries = packages.filter_map(|package| Some(package.ok()?.path().join("bin/bun")));
        binaries.find(|binary| binary.is_file()).context("npm has no Bun for this machine")
    }

    fn before(&self) -> anyhow::Result<&PathBuf> {
        self.before.as_ref().context("without --before there is no earlier build")
    }

    fn peers(&self) -> anyhow::Result<&PathBuf> {
        self.peers.as_ref().context("without --peers there are none")
    }
}

/// Lifts the server's limits, because the whole load comes from one address, and from owners that
/// send as fast as they can.
const FOR_ONE_ADDRESS: [&str; 6] = [
    "--connections-per-address=100000",
    "--handshakes-per-second-per-address=100000",
    "--handshakes-per-second=100000",
    "--rooms-per-minute-per-address=100000",
    "--owner-actions-per-second=4294967295",
    "--owner-bytes-per-second=4294967295",
];

/// A build of our server, as its users run it.
fn server(binary: &Path) -> Command {
    let mut server = Command::new(binary);
    server.args(["--listen", "127.0.0.1:0"]).args(FOR_ONE_ADDRESS);
    server
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
            Candidate::Server => server(&programs.server),
            Candidate::Before | Candidate::BeforeAgain => server(programs.before()?),
            Candidate::WriteLoop => programs.floor("write"),
            Candidate::Coalescing => programs.floor("coalesce"),
            Candidate::Bun => programs.peer(programs.bun()?, "bun.mjs")?,
            Candidate::Ws => programs.peer("node".into(), "ws.mjs")?,
            Candidate::SocketIo => programs.peer("node".into(), "socketio.mjs")?,
        };
        // No one reads its log, and a full pipe would stop it.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("{} cannot be started", candidate.name()))?;
        // From here on, an early return kills the child.
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
        // Killing fails only if the program has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
