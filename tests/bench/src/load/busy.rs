//! Which processes used the machine's time during a measurement.

use std::time::{Duration, Instant};

use super::observed::Observed;

/// The state at the beginning of a measurement.
pub(super) struct Busy {
    server: Observed,
    pub(super) began: Instant,
    machine: Duration,
    pub(super) server_cpu: Duration,
    own_cpu: Duration,
}

impl Busy {
    pub(super) fn begin(server: Observed) -> anyhow::Result<Self> {
        Ok(Self {
            server,
            began: Instant::now(),
            machine: Observed::machine()?,
            server_cpu: server.cpu()?,
            own_cpu: Observed::own().cpu()?,
        })
    }

    /// The load generator's share of a core, and the share of all other processes but the server.
    pub(super) fn end(&self) -> anyhow::Result<(f64, f64)> {
        let wall = self.began.elapsed().as_secs_f64();
        let own = Observed::own().cpu_since(self.own_cpu)?;
        let both = own + self.server.cpu_since(self.server_cpu)?;
        let others = Observed::machine()?.saturating_sub(self.machine).saturating_sub(both);
        Ok((own.as_secs_f64() / wall, others.as_secs_f64() / wall))
    }
}
