//! What `server/deploy/cluster/` holds works: NATS takes its configuration, and the load balancer
//! gives clients to nodes that are ready.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rtbroadcaster_tests::cluster::{Cluster, free_address, nats_server};
use rtbroadcaster_tests::load::{Load, LoadPlan};
use rtbroadcaster_tests::{eventually, tool};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

const NATS: &str = include_str!("../../server/deploy/cluster/nats.conf");
const CADDY: &str = include_str!("../../server/deploy/cluster/Caddyfile");

/// A folder for a test, which is removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("cluster-deploy-{name}"));
        // It is there if a former run was cut off.
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).expect("a folder in target");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a file in target");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A text with some of its words replaced. Each must be there.
fn replaced(text: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(text.to_owned(), |text, (shown, used)| {
        assert!(text.contains(shown), "there is no {shown:?}");
        text.replace(shown, used)
    })
}

/// Starts the load balancer in front of these nodes.
async fn balancer(caddy: &Path, folder: &Folder, address: &str, nodes: [&str; 3]) -> Child {
    let port = address.rsplit_once(':').expect("an address has a port").1;
    let site = format!("http://:{port} {{\n    bind 127.0.0.1");
    let [first, second, third] = nodes;
    let words = [(":80 {", &*site), ("node-1:8080", first), ("node-2:8080", second), ("node-3:8080", third)];
    let file = folder.write("Caddyfile", &format!("{{\n    admin off\n}}\n{}", replaced(CADDY, &words)));
    let mut command = Command::new(caddy);
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
    command.env("HOME", &folder.0).env_remove("XDG_DATA_HOME").env_remove("XDG_CONFIG_HOME");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let child = command.spawn().expect("Caddy starts");
    eventually(&true, async || TcpStream::connect(address).await.is_ok()).await;
    child
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn nats_takes_its_configuration() {
    let Some(program) = nats_server().await else { return };
    let folder = Folder::new("nats");
    // It makes the folder for its store, even if it only looks at the configuration.
    let store = folder.0.join("data");
    let store = store.to_str().expect("a path in UTF-8");
    let file = folder.write("nats.conf", &replaced(NATS, &[("/data", store)]));
    let mut command = Command::new(program);
    command.arg("-t").arg("--config").arg(file).env("NATS_NAME", "nats-1");
    let output = command.output().await.expect("nats-server starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn the_load_balancer_leads_around_nodes_that_are_gone() {
    let Some(caddy) = tool("caddy") else { return };
    let Some(mut cluster) = Cluster::start(2, &[]).await else { return };
    let folder = Folder::new("balancer");
    // The last node is never there.
    let (address, gone) = (free_address(), free_address());
    let nodes = [&*cluster.nodes[0].address, &*cluster.nodes[1].address, &*gone];
    let _balancer = balancer(&caddy, &folder, &address, nodes).await;
    let plan = LoadPlan { rooms: 2, pause: Some(Duration::from_millis(50)) };
    let mut load = Load::start(&address, plan).await;
    for node in &mut cluster.nodes {
        load.every_room_goes_on(10).await;
        node.kill().await;
        load.every_room_goes_on(10).await;
        node.restart().await;
    }
    load.finish().await;
}
