//! Three NATS servers that are one cluster, on this machine.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::run::candidate::Directory;
use crate::wire::http;

/// How long they may take to be ready.
const START: Duration = Duration::from_secs(60);
const SERVERS: usize = 3;

/// The servers; killed when dropped, and their files removed.
pub(super) struct NatsServers {
    children: Vec<Child>,
    addresses: Vec<SocketAddr>,
    /// Where the first one tells how it is.
    pub(super) monitor: SocketAddr,
    /// What they keep. It goes after them.
    _directory: Directory,
}

impl NatsServers {
    /// Starts them, and waits until each is ready.
    pub(super) fn start(program: &Path, directory: &Path) -> anyhow::Result<Self> {
        // An earlier run may have been ended in the middle.
        drop(Directory(directory.to_owned()));
        let [clients, monitors, routes] = [addresses()?, addresses()?, addresses()?];
        let mut servers = Self {
            children: Vec::new(),
            addresses: clients.clone(),
            monitor: monitors[0],
            _directory: Directory(directory.to_owned()),
        };
        let all: Vec<_> = routes.iter().map(|route| format!("\"nats-route://{route}\"")).collect();
        for number in 0..SERVERS {
            let folder = directory.join(format!("n{number}"));
            fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
            let file = folder.join("nats.conf");
            let (client, monitor, route) = (clients[number], monitors[number], routes[number]);
            let text = format!(
                "server_name: n{number}\nlisten: \"{client}\"\nhttp: \"{monitor}\"\n\
                 jetstream {{ store_dir: {:?} }}\n\
                 cluster {{ name: bench, listen: \"{route}\", routes: [{}], no_advertise: true }}\n",
                folder.join("store"),
                all.join(", ")
            );
            fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
            let mut command = Command::new(program);
            command.arg("--config").arg(&file);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            servers.children.push(command.spawn().context("a NATS server cannot be started")?);
        }
        monitors.iter().try_for_each(|monitor| wait_for(*monitor))?;
        Ok(servers)
    }

    /// Their addresses, as programs take them.
    pub(super) fn urls(&self) -> String {
        let urls: Vec<_> = self.addresses.iter().map(|address| format!("nats://{address}")).collect();
        urls.join(",")
    }

    pub(super) fn processes(&self) -> Vec<u32> {
        self.children.iter().map(Child::id).collect()
    }
}

impl Drop for NatsServers {
    fn drop(&mut self) {
        for child in &mut self.children {
            // Killing fails only if the server has ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// As many addresses as there are servers, at which nobody listens now.
fn addresses() -> anyhow::Result<Vec<SocketAddr>> {
    let listeners: Vec<_> =
        (0..SERVERS).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<Result<_, _>>()?;
    Ok(listeners.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?)
}

fn wait_for(monitor: SocketAddr) -> anyhow::Result<()> {
    let began = Instant::now();
    while let Err(error) = http::get(monitor, "/healthz", None) {
        if began.elapsed() > START {
            bail!("a NATS server is not ready: {error:#}");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
