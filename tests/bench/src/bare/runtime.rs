//! On how many threads a bare program runs.

use anyhow::Context;

/// What runs a program's tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Runtime {
    /// One thread.
    Thread,
    /// A thread for each core, as most programs have it, and the server.
    Threads,
}

impl Runtime {
    /// Runs a program.
    pub(super) fn run<T: Send + 'static>(
        self,
        program: impl Future<Output = anyhow::Result<T>> + Send + 'static,
    ) -> anyhow::Result<T> {
        let mut builder = match self {
            Self::Thread => tokio::runtime::Builder::new_current_thread(),
            Self::Threads => tokio::runtime::Builder::new_multi_thread(),
        };
        let runtime = builder.enable_all().build().context("no runtime")?;
        // As a task it runs beside the connection's, like the tasks of a server.
        runtime.block_on(runtime.spawn(program)).context("a bare program has panicked")?
    }
}
