//! The command `health`: asks the server of this configuration how it is. Containers and units have
//! no other program that could ask.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;

use anyhow::{Context, bail};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use tokio::time::timeout;

use super::{ended, misuse};
use crate::client::{self, Address, Client, Trust};
use crate::configuration::{Configuration, HealthTask};

/// Asks, and prints the answer.
pub(super) fn run(task: &HealthTask, configuration: &Configuration) -> ExitCode {
    if configuration.listen.port() == 0 {
        return misuse("--listen: port 0 is any free one, and nobody but the server knows which: name it");
    }
    ended(ask(task, configuration))
}

#[tokio::main(flavor = "current_thread")]
async fn ask(task: &HealthTask, configuration: &Configuration) -> anyhow::Result<()> {
    let has_tls = configuration.tls_certificate.is_some();
    let address = Address::local(reachable(configuration.listen), has_tls);
    let path = if task.ready { "/readyz" } else { "/healthz" };
    let url = format!("{address}{path}");
    let milliseconds = task.timeout.as_millis();
    let answer = timeout(task.timeout, get(Client::new(address, Trust::Anyone), path))
        .await
        .map_err(|_| anyhow::anyhow!("{url}: no answer within {milliseconds} ms"))?;
    let (status, body) = answer.with_context(|| url.clone())?;
    if status != 200 {
        bail!("{url}: {status} {}", body.trim());
    }
    println!("{}", body.trim());
    Ok(())
}

async fn get(mut client: Client, path: &str) -> anyhow::Result<(u16, String)> {
    let response = client.send(Request::get(path).body(Full::<Bytes>::default())?).await?;
    Ok((response.status().as_u16(), client::text(response).await?))
}

/// Where this machine reaches a server that listens there.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
