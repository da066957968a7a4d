//! The candidates, and how each is started.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::rc::Rc;

use anyhow::{Context, bail};

use crate::tls::Certificate;
use crate::wire::dialect::Dialect;

/// The text that a candidate prints before its address.
const READY: &str = "listening on ";
const REDIS: &str = "redis-server";

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
    /// Ours, with a store on the disk.
    Disk,
    /// Ours, with a store that the operating system has.
    Os,
    /// Socket.IO with Redis behind it, which waits for the disk.
    RedisAlways,
    /// The same, and Redis waits for the disk once a second.
    RedisLater,
    /// A bare program that does a store's work.
    Bare,
    /// Two nodes of ours on three NATS servers.
    Cluster,
    /// Two nodes of Socket.IO with its adapter for Redis streams.
    StreamsAdapter,
    /// The same with its adapter for what Redis publishes and forgets.
    PubSubAdapter,
}

impl Candidate {
    /// What users would choose instead.
    pub(super) const PEERS: [Self; 3] = [Self::Bun, Self::Ws, Self::SocketIo];

    pub(super) fn dialect(self) -> Dialect {
        match self {
            Self::SocketIo
            | Self::RedisAlways
            | Self::RedisLater
            | Self::StreamsAdapter
            | Self::PubSubAdapter => Dialect::SocketIo,
            _ => Dialect::Plain,
        }
    }

    /// Whether it keeps something in a directory.
    pub(super) fn keeps(self) -> bool {
        matches!(self, Self::Disk | Self::Os | Self::RedisAlways | Self::RedisLater)
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
            Self::Disk => "rtbroadcaster --sync disk",
            Self::Os => "rtbroadcaster --sync os",
            Self::RedisAlways => "Socket.IO, Redis always",
            Self::RedisLater => "Socket.IO, Redis everysec",
            Self::Bare => "bare program",
            Self::Cluster => "rtbroadcaster, two nodes",
            Self::StreamsAdapter => "Socket.IO, Redis streams",
            Self::PubSubAdapter => "Socket.IO, Redis pub/sub",
        }
    }
}

/// Why Socket.IO cannot keep anything here.
pub(super) fn no_redis() -> Option<String> {
    let mut redis = Command::new(REDIS);
    let version = redis.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.err().map(|error| format!("{REDIS} ({error}); on Debian: apt-get install redis-server"))
}

/// The paths of the programs.
pub(super) struct Programs {
    pub(super) server: PathBuf,
    /// An earlier build of the server, if it takes part.
    pub(super) before: Option<PathBuf>,
    /// This program.
    pub(super) bench: PathBuf,
    /// What is served where TLS is spoken.
    pub(super) certificate: Certificate,
    /// The folder of the peers, with their npm packages.
    pub(super) peers: Option<PathBuf>,
    /// The directory for what candidates keep, if that is measured.
    pub(super) stores: Option<PathBuf>,
    /// The NATS server, if a cluster is measured.
    pub(super) nats_server: Option<PathBuf>,
}

impl Programs {
    fn floor(&self, mode: &str) -> Command {
        let mut command = Command::new(&self.bench);
        command.args(["floor", mode]);
        command
    }

    /// Our server, as its users run it, for many rooms.
    pub(super) fn large_server(&self) -> Command {
        let mut server = server(&self.server, 0);
        server.args(FOR_MANY_ROOMS);
        server
    }

    /// The NATS server, and the directory for what it keeps.
    pub(super) fn nats(&self) -> anyhow::Result<(&Path, &Path)> {
        let both = self.nats_server.as_deref().zip(self.stores.as_deref());
        both.context("without --cluster there is no NATS server")
    }

    pub(super) fn peer(&self, program: PathBuf, script: &str) -> anyhow::Result<Command> {
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

    /// A fresh directory, on the file system of the stores.
    pub(super) fn directory(&self) -> anyhow::Result<Rc<Directory>> {
        self.directory_named("measured")
    }

    /// The same, beside that one.
    pub(super) fn directory_named(&self, name: &str) -> anyhow::Result<Rc<Directory>> {
        let stores = self.stores.as_ref().context("there is no directory for stores")?;
        let directory = Directory(stores.join(name));
        // An earlier run may have been ended in the middle.
        drop(Directory(directory.0.clone()));
        fs::create_dir_all(&directory.0)
            .with_context(|| format!("cannot create {}", directory.0.display()))?;
        Ok(Rc::new(directory))
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

/// What our server takes beside that when its store is measured: all that the store holds fits into
/// memory, and no owner stays away for too long.
const FOR_A_STORE: [&str; 2] = ["--room-memory-bytes=8589934592", "--owner-grace-ms=86400000"];

/// What it takes beside that when many rooms are measured, and nodes that die.
const FOR_MANY_ROOMS: [&str; 2] = ["--rooms=20000", "--unknown-rooms-per-minute=1000000"];

/// The token with which the load generator asks a server for what its store has done.
pub(super) const METRICS_TOKEN: &str = "benchmark-benchmark";

/// A build of our server, as its users run it.
fn server(binary: &Path, port: u16) -> Command {
    let mut server = Command::new(binary);
    server.args(["--listen", &format!("127.0.0.1:{port}")]).args(FOR_ONE_ADDRESS);
    server
}

/// A build of our server that keeps rooms in a directory.
fn storing(binary: &Path, port: u16, directory: &Path, sync: &str) -> Command {
    let mut server = server(binary, port);
    server.args(FOR_A_STORE).arg("--data").arg(directory).args(["--sync", sync]);
    server
}

/// Redis, on a socket in its directory, which keeps nothing beyond its process.
fn redis(directory: &Path) -> Command {
    let mut redis = Command::new(REDIS);
    redis.current_dir(directory).args(["--port", "0", "--unixsocket", "redis.sock", "--save", ""]);
    redis
}

/// The same, which keeps all.
fn keeping_redis(directory: &Path, fsync: &str) -> Command {
    let mut redis = redis(directory);
    redis.args(["--appendonly", "yes", "--appendfsync", fsync]);
    redis
}

/// The address that a candidate prints.
pub(super) fn listening(stdout: Option<ChildStdout>, candidate: Candidate) -> anyhow::Result<String> {
    let mut line = String::new();
    let stdout = stdout.context("its stdout is a pipe")?;
    BufReader::new(stdout).read_line(&mut line).context("its stdout cannot be read")?;
    match line.trim_end().strip_prefix(READY).and_then(|url| url.split_once("://")) {
        Some((_, address)) => Ok(address.to_owned()),
        None => bail!("{} printed {line:?} instead of its address", candidate.name()),
    }
}

/// A candidate that listens; killed when dropped.
pub(super) struct Running {
    /// The one that listens, and before it what it needs.
    children: Vec<Child>,
    /// `host:port`
    pub(super) address: String,
    /// What it keeps; removed after it.
    pub(super) directory: Option<Rc<Directory>>,
}

impl Running {
    /// Starts a candidate, in a fresh directory if it keeps something.
    pub(super) fn start(programs: &Programs, candidate: Candidate) -> anyhow::Result<Self> {
        let directory = if candidate.keeps() { Some(programs.directory()?) } else { None };
        Self::start_at(programs, candidate, directory, 0)
    }

    /// Starts a candidate that serves TLS.
    pub(super) fn start_tls(programs: &Programs, candidate: Candidate) -> anyhow::Result<Self> {
        let mut running = Self { children: Vec::new(), address: String::new(), directory: None };
        let mut command = running.command(programs, candidate, 0)?;
        command.args(programs.certificate.arguments());
        running.listen(command, candidate)?;
        Ok(running)
    }

    /// Starts a candidate with what it has kept.
    pub(super) fn start_at(
        programs: &Programs,
        candidate: Candidate,
        directory: Option<Rc<Directory>>,
        port: u16,
    ) -> anyhow::Result<Self> {
        let mut running = Self { children: Vec::new(), address: String::new(), directory };
        // From here on, an early return kills the children.
        if let Some(before) = running.needed(candidate)? {
            running.begin_with(before)?;
        }
        let mut command = running.command(programs, candidate, port)?;
        if programs.stores.is_some() {
            command.env("RTBROADCASTER_METRICS_TOKEN", METRICS_TOKEN);
        }
        running.listen(command, candidate)?;
        Ok(running)
    }

    /// Starts the one that listens.
    fn listen(&mut self, mut command: Command, candidate: Candidate) -> anyhow::Result<()> {
        // No one reads its log, and a full pipe would stop it.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().with_context(|| format!("{} cannot be started", candidate.name()))?;
        let stdout = child.stdout.take();
        self.children.push(child);
        self.address = listening(stdout, candidate)?;
        Ok(())
    }

    /// Starts Redis alone.
    pub(super) fn redis(directory: Rc<Directory>) -> anyhow::Result<Self> {
        let mut running = Self { children: Vec::new(), address: String::new(), directory: Some(directory) };
        let redis = redis(running.path()?);
        running.begin_with(redis)?;
        Ok(running)
    }

    /// Starts what must run before a candidate.
    fn begin_with(&mut self, mut before: Command) -> anyhow::Result<()> {
        before.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.children.push(before.spawn().with_context(|| format!("{REDIS} cannot be started"))?);
        Ok(())
    }

    fn command(&self, programs: &Programs, candidate: Candidate, port: u16) -> anyhow::Result<Command> {
        Ok(match candidate {
            Candidate::Server => server(&programs.server, port),
            Candidate::Disk => storing(&programs.server, port, self.path()?, "disk"),
            Candidate::Os => storing(&programs.server, port, self.path()?, "os"),
            Candidate::Before | Candidate::BeforeAgain => server(programs.before()?, port),
            Candidate::WriteLoop => programs.floor("write"),
            Candidate::Coalescing => programs.floor("coalesce"),
            Candidate::Bun => programs.peer(programs.bun()?, "bun.mjs")?,
            Candidate::Ws => programs.peer("node".into(), "ws.mjs")?,
            Candidate::SocketIo => programs.peer("node".into(), "socketio.mjs")?,
            Candidate::RedisAlways | Candidate::RedisLater => {
                let mut peer = programs.peer("node".into(), "socketio-redis.mjs")?;
                peer.current_dir(self.path()?).env("PORT", port.to_string());
                peer
            }
            Candidate::Bare => bail!("the bare program does not listen"),
            Candidate::Cluster | Candidate::StreamsAdapter | Candidate::PubSubAdapter => {
                bail!("several nodes have several addresses")
            }
        })
    }

    /// What must run before a candidate.
    fn needed(&self, candidate: Candidate) -> anyhow::Result<Option<Command>> {
        Ok(match candidate {
            Candidate::RedisAlways => Some(keeping_redis(self.path()?, "always")),
            Candidate::RedisLater => Some(keeping_redis(self.path()?, "everysec")),
            _ => None,
        })
    }

    pub(super) fn path(&self) -> anyhow::Result<&Path> {
        Ok(&self.directory.as_ref().context("it has no directory")?.0)
    }

    /// All processes, the one that listens last.
    pub(super) fn processes(&self) -> Vec<u32> {
        self.children.iter().map(Child::id).collect()
    }

    /// Whether all of it has ended.
    pub(super) fn has_ended(&mut self) -> anyhow::Result<bool> {
        self.children.iter_mut().try_fold(true, |ended, child| Ok(child.try_wait()?.is_some() && ended))
    }

    /// Starts it again at the same address, with what it has kept.
    pub(super) fn start_again(&mut self, programs: &Programs, candidate: Candidate) -> anyhow::Result<()> {
        let address: SocketAddr = self.address.parse().context("its address is none")?;
        *self = Self::start_at(programs, candidate, self.directory.clone(), address.port())?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            // Killing fails only if the program has ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A directory that is removed when it is dropped.
pub(super) struct Directory(pub(super) PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        // What can't be removed stays in target/.
        let _ = fs::remove_dir_all(&self.0);
    }
}
