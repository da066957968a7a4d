//! Which processes used the machine's time during a measurement.

use std::time::{Duration, Instant};

use super::observed::Observed;

/// The state at the beginning of a measurement.
pub(super) struct Busy {
    servers: Vec<Observed>,
    pub(super) began: Instant,
    machine: Duration,
    servers_cpu: Vec<Duration>,
    own_cpu: Duration,
}

impl Busy {
    pub(super) fn begin(servers: Vec<Observed>) -> anyhow::Result<Self> {
        Ok(Self {
            began: Instant::now(),
            machine: Observed::machine()?,
            servers_cpu: servers.iter().map(|server| server.cpu()).collect::<anyhow::Result<_>>()?,
            servers,
            own_cpu: Observed::own().cpu()?,
        })
    }

    /// CPU time of each server since then.
    pub(super) fn of_servers(&self) -> anyhow::Result<Vec<Duration>> {
        let servers = self.servers.iter().zip(&self.servers_cpu);
        servers.map(|(server, before)| server.cpu_since(*before)).collect()
    }

    /// The load generator's share of a core, and the share of all other processes but the servers.
    pub(super) fn end(&self) -> anyhow::Result<(f64, f64)> {
        let wall = self.began.elapsed().as_secs_f64();
        let own = Observed::own().cpu_since(self.own_cpu)?;
        let all = own + self.of_servers()?.iter().sum::<Duration>();
        let others = Observed::machine()?.saturating_sub(self.machine).saturating_sub(all);
        Ok((own.as_secs_f64() / wall, others.as_secs_f64() / wall))
    }
}
