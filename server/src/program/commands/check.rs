//! The command `check`, for a configuration in which nothing is wrong: asks the cluster, if there
//! is one.

use std::process::ExitCode;

use rtbroadcaster::{ClusterError, ClusterSettings, check_cluster};

use super::ended;
use crate::configuration::Configuration;

/// Says that nothing is wrong, and what a server would do in its cluster.
pub(crate) fn run(file: Option<&str>, configuration: &Configuration) -> ExitCode {
    println!("{}: nothing is wrong", file.unwrap_or("the configuration"));
    match configuration.cluster_settings() {
        Some(cluster) => ended(ask(&cluster, configuration.rooms.limits.owner_grace_ms)),
        None => ExitCode::SUCCESS,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn ask(cluster: &ClusterSettings, owner_grace_ms: u64) -> Result<(), ClusterError> {
    println!("{}", check_cluster(cluster, owner_grace_ms).await?);
    Ok(())
}
