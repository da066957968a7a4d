//! A network of its own for one node, whose link to everything else can be cut (`ip netns`).

use std::hash::{BuildHasher, RandomState};
use std::process::Command;

use super::node::NodePlan;
use super::ports::free_port;
use crate::{skip, tool};

/// Which packets are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Those that the node sends to NATS.
    FromNode,
    /// Those that NATS sends to the node.
    ToNode,
}

/// A network namespace with two links to this machine's own network: one to NATS, which can be cut,
/// and one for clients. Removed when dropped.
///
/// ```text
/// this machine    10.x.y.1 ─────── 10.x.y.2    the namespace: NATS, as the node sees it
///                 10.x.y.5 ─────── 10.x.y.6    the node, as clients see it
/// ```
#[derive(Debug)]
pub struct Island {
    /// The name of the namespace, and the beginning of its devices' names.
    name: String,
    /// The first three numbers of its addresses.
    net: String,
}

impl Island {
    /// Makes the namespace. None where this user may not: the test is then skipped and says so,
    /// except in CI, where it fails.
    #[must_use]
    pub fn new() -> Option<Self> {
        tool("ip").and(tool("tc"))?;
        let random = RandomState::new().hash_one(());
        // 10.64.0.0 to 10.127.255.0: a part of the private addresses that is seldom used.
        let net = format!("10.{}.{}", 64 + random % 64, random / 64 % 256);
        let island = Self { name: format!("rtb{:08x}", random >> 32), net };
        match island.build() {
            Ok(()) => Some(island),
            Err(reason) => {
                skip(&format!("a network namespace can't be made: {reason}"));
                None
            }
        }
    }

    fn build(&self) -> Result<(), String> {
        let Self { name, net } = self;
        run("ip", &format!("netns add {name}"))?;
        run("ip", &format!("-n {name} link set lo up"))?;
        for (link, outside, inside) in [("n", 1, 2), ("c", 5, 6)] {
            let (outer, inner) = (format!("{name}{link}0"), format!("{name}{link}1"));
            run("ip", &format!("link add {outer} type veth peer name {inner} netns {name}"))?;
            run("ip", &format!("addr add {net}.{outside}/30 dev {outer}"))?;
            run("ip", &format!("link set {outer} up"))?;
            run("ip", &format!("-n {name} addr add {net}.{inside}/30 dev {inner}"))?;
            run("ip", &format!("-n {name} link set {inner} up"))?;
        }
        Ok(())
    }

    /// The address of this machine at which NATS servers must listen, so that the node reaches
    /// them.
    #[must_use]
    pub fn nats_host(&self) -> String {
        format!("{}.1", self.net)
    }

    /// Has a node run here. Clients reach it whatever is cut.
    #[must_use]
    pub fn host(&self, plan: NodePlan) -> NodePlan {
        // Its address looks as if others than this machine could reach it.
        let plan = plan.with(&["--creation", "open", "--allow-origin", "self"]);
        plan.at(&format!("{}.6:{}", self.net, free_port())).started_by(&["ip", "netns", "exec", &self.name])
    }

    /// Loses all packets between the node and NATS in these directions from now on. Neither side is
    /// told.
    pub fn cut(&self, directions: &[Cut]) {
        for cut in directions {
            must("tc", &format!("{} root blackhole", self.queue("add", *cut)));
        }
    }

    /// Loses no packets any more in these directions.
    pub fn heal(&self, directions: &[Cut]) {
        for cut in directions {
            must("tc", &format!("{} root", self.queue("del", *cut)));
        }
    }

    /// The command for the queue in which the packets of a direction wait.
    fn queue(&self, command: &str, cut: Cut) -> String {
        let name = &self.name;
        match cut {
            Cut::FromNode => format!("-n {name} qdisc {command} dev {name}n1"),
            Cut::ToNode => format!("qdisc {command} dev {name}n0"),
        }
    }
}

impl Drop for Island {
    fn drop(&mut self) {
        // A namespace may outlive its name, while a process in it ends; its links must not.
        for link in ["n0", "c0"] {
            drop(run("ip", &format!("link del {}{link}", self.name)));
        }
        drop(run("ip", &format!("netns del {}", self.name)));
    }
}

fn must(program: &str, arguments: &str) {
    run(program, arguments).unwrap_or_else(|error| panic!("{program} {arguments}: {error}"));
}

/// Runs a command. Fails with what it printed.
fn run(program: &str, arguments: &str) -> Result<(), String> {
    let output = Command::new(program).args(arguments.split(' ')).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
