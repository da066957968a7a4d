//! The routes `/admin` and `/metrics`, beside the rooms or at an address of their own.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use rtbroadcaster::{AdminSettings, Manager};
use tracing::info;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use crate::accept::{self, Server};
use crate::proxies::Proxies;

/// `/admin` and `/metrics`, for requests that bear their tokens.
pub(crate) fn routes(manager: &Manager, settings: &AdminSettings) -> BoxedFilter<(Response,)> {
    let admin = warp::path("admin").and(manager.admin_routes(settings));
    let metrics = warp::path("metrics").and(manager.guarded_metrics_routes(settings));
    admin.or(metrics).unify().boxed()
}

/// Serves these routes at an address of their own until the program ends. So an operator can watch
/// a shutdown.
pub(crate) fn serve(
    manager: &Manager,
    settings: &AdminSettings,
    listen: SocketAddr,
    header_timeout: Duration,
) -> anyhow::Result<()> {
    let listener = accept::listen(listen)
        .map_err(|failure| anyhow::anyhow!("--admin-listen: {listen} {}", crate::listen_hint(&failure)))?;
    let address = listener.local_addr().context("the listening socket has no address")?;
    // Printed like the main address: for people, and for programs that asked for port 0.
    println!("administration on http://{address}/admin/");
    info!(%address, "administration started");
    let routes = routes(manager, settings);
    let server = Server::new(routes, None, Proxies::default(), None, header_timeout);
    tokio::spawn(server.serve(listener, std::future::pending()));
    Ok(())
}
