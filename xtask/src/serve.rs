//! `cargo xtask serve`: the demo site and the rooms, built and running.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::Command;

use anyhow::Context;

use crate::process::say;
use crate::server::{self, ROOMS_PATH};
use crate::site;
use crate::workspace::{Profile, Workspace};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Listen on 127.0.0.1 only, not on all interfaces.
    #[arg(long)]
    local: bool,
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Build the server with optimizations.
    #[arg(long)]
    release: bool,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let ip = if args.local { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
    // A taken port should fail before minutes of building, not after.
    let listen = free_address(ip, args.port)?;
    let site = site::assemble(workspace)?;
    let profile = if args.release { Profile::Release } else { Profile::Dev };
    let binary = server::build(workspace, profile)?;

    let lan = if args.local { None } else { lan_address() };
    let lan = lan.map(|ip| format!("http://{ip}:{}/", listen.port()));
    site::write_address(&site, lan.as_deref())?;
    print_addresses(args.local, listen.port(), lan.as_deref());
    let data = workspace.target("rooms");
    say(&format!("rooms are kept in {}: they survive a restart", data.display()));

    let mut command = Command::new(binary);
    command.arg("--listen").arg(listen.to_string()).args(["--path", ROOMS_PATH]).arg("--www").arg(site);
    // A restart of the server, after a change of its code for example, ends no room.
    command.arg("--data").arg(&data);
    // Anyone in the network may try it; pages of other sites may not.
    command.args(["--creation", "open", "--allow-origin", "self"]);
    become_server(&mut command)
}

/// The address to listen on. It is tried once, so that the error about a taken port says what to
/// do.
pub(crate) fn free_address(ip: Ipv4Addr, port: u16) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((ip, port)).with_context(|| {
        format!("cannot listen on port {port}; choose another with --port, or 0 for any free one")
    })?;
    Ok(listener.local_addr()?)
}

/// This machine's address in its network, if it has one.
pub(crate) fn lan_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // Connecting a datagram socket sends nothing: it only selects the interface that leads outside.
    // The address is reserved for documentation.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified() && !ip.is_loopback()).then_some(ip)
}

fn print_addresses(local: bool, port: u16, lan: Option<&str>) {
    say(if local {
        "listening on this machine only (127.0.0.1)"
    } else {
        "listening on all interfaces; --local for this machine only"
    });
    println!("\n  http://localhost:{port}/");
    match lan {
        Some(address) => println!("  {address}    from other devices in your network"),
        None if !local => println!("  (no address in a local network was found)"),
        None => {}
    }
    println!("\n  ctrl-C ends it\n");
}

/// Replaces this process by the server, so that ctrl-C, signals and the exit code are the server's.
#[cfg(unix)]
pub(crate) fn become_server(command: &mut Command) -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt;

    Err(command.exec()).context("cannot start the server")
}

/// Runs the server and passes its exit code on. The console sends ctrl-C to both processes.
#[cfg(not(unix))]
pub(crate) fn become_server(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().context("cannot start the server")?;
    std::process::exit(status.code().unwrap_or(1))
}
