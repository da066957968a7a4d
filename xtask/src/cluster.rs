//! `cargo xtask cluster`: the demo site and the rooms on two nodes, which share three NATS servers.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::process::{execute, say};
use crate::serve::{become_server, free_address, lan_address};
use crate::server;
use crate::site;
use crate::test::{ALL_TESTS, Missing};
use crate::workspace::{Profile, TESTS, Workspace};

/// The program that runs all of them.
const PROGRAM: &str = "cluster";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Listen on 127.0.0.1 only, not on all interfaces.
    #[arg(long)]
    local: bool,
    /// The first node's port; the second one takes the next port.
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..65535))]
    port: u16,
    /// Build the server with optimizations.
    #[arg(long)]
    release: bool,
    /// Instead do harm to three nodes under load for so many minutes.
    #[arg(long, value_name = "MINUTES", conflicts_with_all = ["local", "port"])]
    kill: Option<f64>,
    /// Chooses what happens then.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// How long harm is done to a cluster within `cargo xtask test`.
const MINUTES_OF_A_TEST: f64 = 1.0;

/// `cargo xtask cluster`.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let ip = if args.local { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
    let ports = [args.port, args.port + 1];
    // A taken port should fail before minutes of building, not after.
    let listen = [free_address(ip, ports[0])?, free_address(ip, ports[1])?];
    let profile = if args.release { Profile::Release } else { Profile::Dev };
    let binary = server::build(workspace, profile)?;
    if let Some(minutes) = args.kill {
        return kill(workspace, &binary, minutes, args.seed, Missing::Skip);
    }
    execute(&mut workspace.cargo(["build", "--package", TESTS, "--bin", PROGRAM]))?;

    let host = if args.local { None } else { lan_address() };
    let host = host.map_or_else(|| "localhost".to_owned(), |ip| ip.to_string());
    let first = site::assemble(workspace)?;
    let second = workspace.target("site-of-the-second-node");
    site::copy_folder(&first, &second, &|_| true)?;
    // Each node's QR codes lead to the other one.
    site::write_address(&first, Some(&format!("http://{host}:{}/", ports[1])))?;
    site::write_address(&second, Some(&format!("http://{host}:{}/", ports[0])))?;
    print_addresses(args.local, &host, ports);

    let logs = workspace.target(PROGRAM);
    fs::create_dir_all(&logs).context("cannot create target/cluster")?;
    let mut command = Command::new(workspace.binary(Profile::Dev, PROGRAM));
    command.arg("--server").arg(binary).arg("--logs").arg(logs);
    for (listen, www) in listen.iter().zip([first, second]) {
        command.arg("--listen").arg(listen.to_string()).arg("--www").arg(www);
    }
    become_server(&mut command)
}

/// The short run within `cargo xtask test`, with the server that is built for the other tests.
pub(crate) fn check(workspace: &Workspace, missing: Missing) -> anyhow::Result<()> {
    let server = server::build(workspace, Profile::Dev)?;
    kill(workspace, &server, MINUTES_OF_A_TEST, 1, missing)
}

fn kill(
    workspace: &Workspace,
    server: &Path,
    minutes: f64,
    seed: u64,
    missing: Missing,
) -> anyhow::Result<()> {
    let mut cargo = workspace.cargo(["run", "--quiet", "--package", TESTS, "--bin", "cluster_kills", "--"]);
    if missing == Missing::Fail {
        cargo.env(ALL_TESTS, "1");
    }
    cargo.arg("--server").arg(server).args(["--minutes", &minutes.to_string()]);
    execute(cargo.args(["--seed", &seed.to_string()]))
}

fn print_addresses(local: bool, host: &str, ports: [u16; 2]) {
    say(if local {
        "listening on this machine only (127.0.0.1)"
    } else {
        "listening on all interfaces; --local for this machine only"
    });
    println!("\n  http://localhost:{}/    present here, on the first node", ports[0]);
    println!("  http://{host}:{}/    the QR code there leads here, to the second", ports[1]);
    println!("\n  ctrl-C ends it\n");
}
