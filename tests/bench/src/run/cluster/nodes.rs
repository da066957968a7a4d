//! Two nodes of ours or of a peer, with what stands between them; or one server of ours, to compare
//! with.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use super::nats_servers::NatsServers;
use crate::run::candidate::{Candidate, Programs, Running, listening};

/// How many nodes a cluster has here.
const NODES: usize = 2;

/// Nodes; killed when dropped, before what stands between them.
pub(super) struct Nodes {
    nodes: Vec<Child>,
    addresses: Vec<SocketAddr>,
    redis: Option<Running>,
    nats: Option<NatsServers>,
}

impl Nodes {
    /// Starts the nodes of a candidate, and what they need.
    pub(super) fn start(programs: &Programs, candidate: Candidate) -> anyhow::Result<Self> {
        let mut nodes = Self { nodes: Vec::new(), addresses: Vec::new(), redis: None, nats: None };
        let count = match candidate {
            Candidate::Cluster => {
                let (program, directory) = programs.nats()?;
                nodes.nats = Some(NatsServers::start(program, &directory.join("nats"))?);
                NODES
            }
            Candidate::StreamsAdapter | Candidate::PubSubAdapter => {
                let directory = programs.directory_named("redis")?;
                nodes.redis = Some(Running::redis(directory)?);
                NODES
            }
            _ => 1,
        };
        // From here on, an early return kills the children.
        for number in 0..count {
            let command = nodes.command(programs, candidate, number)?;
            nodes.add(command, candidate)?;
        }
        Ok(nodes)
    }

    fn command(&self, programs: &Programs, candidate: Candidate, number: usize) -> anyhow::Result<Command> {
        let name = if number == 0 { "a" } else { "b" };
        Ok(match candidate {
            Candidate::Cluster => {
                let nats = self.nats.as_ref().context("there are no NATS servers")?;
                let mut node = programs.large_server();
                node.args(["--node-name", name, "--nats", &nats.urls()]);
                node
            }
            Candidate::StreamsAdapter => self.peer(programs, "streams")?,
            Candidate::PubSubAdapter => self.peer(programs, "pubsub")?,
            _ => programs.large_server(),
        })
    }

    fn peer(&self, programs: &Programs, adapter: &str) -> anyhow::Result<Command> {
        let redis = self.redis.as_ref().context("there is no Redis")?;
        let mut peer = programs.peer("node".into(), "socketio-redis.mjs")?;
        peer.current_dir(redis.path()?).env("ADAPTER", adapter);
        Ok(peer)
    }

    fn add(&mut self, mut command: Command, candidate: Candidate) -> anyhow::Result<()> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().with_context(|| format!("{} cannot be started", candidate.name()))?;
        let stdout = child.stdout.take();
        self.nodes.push(child);
        let address = listening(stdout, candidate)?;
        self.addresses.push(address.parse().context("its address is none")?);
        Ok(())
    }

    /// The owner's node first.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    pub(super) fn processes(&self) -> Vec<u32> {
        self.nodes.iter().map(Child::id).collect()
    }

    /// The processes of what stands between the nodes.
    pub(super) fn between(&self) -> Vec<u32> {
        let redis = self.redis.as_ref().map(Running::processes).unwrap_or_default();
        let nats = self.nats.as_ref().map(NatsServers::processes).unwrap_or_default();
        [redis, nats].concat()
    }

    /// Where NATS tells what it keeps.
    pub(super) fn monitor(&self) -> Option<SocketAddr> {
        self.nats.as_ref().map(|nats| nats.monitor)
    }

    /// Ends the nodes, and leaves NATS, if there is some.
    pub(super) fn into_nats(mut self) -> Option<NatsServers> {
        self.nats.take()
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for child in &mut self.nodes {
            // Killing fails only if the program has ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
