//! Three NATS servers and some nodes of the program, for somebody who wants to see them: they run
//! until ctrl-C.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use rtbroadcaster_tests::cluster::{NatsCluster, NatsPlan, Node, NodePlan};
use tokio::signal::ctrl_c;

#[derive(Parser)]
#[command(name = "cluster", about = "Runs three NATS servers and some nodes until ctrl-C.")]
struct Args {
    /// The server's binary.
    #[arg(long, value_name = "FILE")]
    server: PathBuf,
    /// The folder for the nodes' logs.
    #[arg(long, value_name = "FOLDER")]
    logs: PathBuf,
    /// Where each node listens.
    #[arg(long, value_name = "ADDRESS", required = true)]
    listen: Vec<String>,
    /// The site that each node serves.
    #[arg(long, value_name = "FOLDER", required = true)]
    www: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let Some(nats) = NatsCluster::start_as(NatsPlan::new(3).apart()).await else {
        return ExitCode::FAILURE;
    };
    eprintln!("==> three NATS servers are ready: {}", nats.urls());
    let mut nodes = Vec::new();
    for ((listen, www), name) in args.listen.iter().zip(&args.www).zip('a'..) {
        let log = args.logs.join(format!("{name}.log"));
        let plan = NodePlan::new(&name.to_string(), &nats.urls()).by(&args.server).at(listen);
        // Anyone in the network may try it; pages of other sites may not.
        let plan = plan.with(&["--www", www, "--creation", "open", "--allow-origin", "self"]);
        let node = Node::start(plan.logging_to(&log).apart()).await;
        eprintln!("==> node {name} is ready: process {}, log {}", node.process_id(), log.display());
        nodes.push(node);
    }
    if let Err(error) = ctrl_c().await {
        eprintln!("error: ctrl-C can't be waited for: {error}");
        return ExitCode::FAILURE;
    }
    eprintln!("==> ending");
    // In order, so that no node misses its NATS.
    for node in &mut nodes {
        node.end_if_it_runs().await;
    }
    ExitCode::SUCCESS
}
