//! The filter that an application mounts for the rooms. It turns upgrade requests into connections.

use std::convert::Infallible;
use std::net::SocketAddr;

use hyper::upgrade::OnUpgrade;
use tracing::{Instrument, debug, debug_span};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap};
use warp::path::FullPath;
use warp::reply::{Reply, Response};

use crate::access::RequestParts;
use crate::admission::{HandshakeError, PageRefused, Socket};
use crate::connection::{Connection, ConnectionState, Framing, upgraded_transport};
use crate::manager::Manager;
use crate::remote_address::RemoteAddress;
use crate::websocket::handshake;
use crate::{http, prometheus};

impl Manager {
    /// The filter to mount. At its own path it answers websocket upgrades. Below `rooms` it answers
    /// clients without a websocket (docs/http.md). It rejects any other path, so that other filters
    /// may answer.
    ///
    /// ```
    /// use warp::Filter;
    ///
    /// let rooms = rtbroadcaster::Manager::new(rtbroadcaster::Settings::default());
    /// let routes = warp::path("broadcasting").and(rooms.routes());
    /// # drop(routes);
    /// ```
    ///
    /// The limits for each address hold: warp's own server says where a request comes from, and
    /// another server may set the extension [`RemoteAddress`]. Behind a proxy all clients come from
    /// the proxy's address: then mount [`Manager::routes_for`].
    #[must_use]
    pub fn routes(&self) -> BoxedFilter<(Response,)> {
        self.routes_for(warp::addr::remote())
    }

    /// The filter to mount, as [`Manager::routes`] returns it, with the client's address from a
    /// filter of the application. Where that yields none, the limits for each address don't hold.
    /// The extension [`RemoteAddress`] of a request comes first.
    ///
    /// This trusts a proxy, which must set the header anew in each request:
    ///
    /// ```
    /// use std::net::{IpAddr, SocketAddr};
    ///
    /// use warp::Filter;
    ///
    /// let rooms = rtbroadcaster::Manager::new(rtbroadcaster::Settings::default());
    /// let client = warp::header::headers_cloned().map(|headers: warp::http::HeaderMap| {
    ///     let address: IpAddr = headers.get("x-real-ip")?.to_str().ok()?.parse().ok()?;
    ///     Some(SocketAddr::new(address, 0))
    /// });
    /// let routes = warp::path("broadcasting").and(rooms.routes_for(client));
    /// # drop(routes);
    /// ```
    #[must_use]
    pub fn routes_for<F>(&self, remote: F) -> BoxedFilter<(Response,)>
    where
        F: Filter<Extract = (Option<SocketAddr>,), Error = Infallible> + Clone + Send + Sync + 'static,
    {
        let manager = self.clone();
        let remote = RemoteAddress::filter(remote);
        let websockets = warp::path::end()
            .and(warp::method())
            .and(warp::header::headers_cloned())
            .and(warp::ext::optional::<OnUpgrade>())
            .and(remote.clone())
            .and(warp::ext::optional::<Socket>())
            .and(request_parts(self))
            .map(move |method, headers, upgrade, remote, socket, parts| {
                let answer = upgrade_request(&manager, &method, &headers, upgrade, remote, socket, parts);
                answer.unwrap_or_else(|error| {
                    manager.metrics().handshake_refused(&error);
                    let remote = remote.map(|RemoteAddress(address)| address);
                    error.log(&headers, remote, || manager.may_warn());
                    error.into_response()
                })
            });
        websockets.or(http::routes(self, remote)).unify().boxed()
    }

    /// The metrics of this manager, in Prometheus' text format, to mount at a path of their own.
    /// Every client that reaches the path may read them, so mount it where only the right clients
    /// do.
    ///
    /// ```
    /// use warp::Filter;
    ///
    /// let rooms = rtbroadcaster::Manager::new(rtbroadcaster::Settings::default());
    /// let routes = warp::path("metrics").and(rooms.metrics_routes());
    /// # drop(routes);
    /// ```
    #[must_use]
    pub fn metrics_routes(&self) -> BoxedFilter<(Response,)> {
        let manager = self.clone();
        warp::path::end()
            .and(warp::get().or(warp::head()).unify())
            .then(move || {
                let manager = manager.clone();
                async move { metrics_page(&manager).await }
            })
            .boxed()
    }
}

/// The page of all metrics.
async fn metrics_page(manager: &Manager) -> Response {
    let (open, limit) = (manager.connections().len(), manager.settings().connections);
    let page = prometheus::page(manager.services(), open, limit).await;
    let page = warp::reply::with_header(page, CONTENT_TYPE, prometheus::MEDIA_TYPE);
    warp::reply::with_header(page, CACHE_CONTROL, "no-store").into_response()
}

/// The parts of each request, if the application wants to see them.
fn request_parts(manager: &Manager) -> BoxedFilter<(Option<RequestParts>,)> {
    if !manager.services().decides_entries() {
        return warp::any().map(|| None).boxed();
    }
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::method()
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<RequestParts>())
        .map(|method, path: FullPath, query: String, headers, parts: Option<RequestParts>| {
            Some(parts.unwrap_or_else(|| RequestParts::new(&method, path.as_str(), &query, &headers)))
        })
        .boxed()
}

/// Answers an upgrade request: starts a connection, or says why there is none.
fn upgrade_request(
    manager: &Manager,
    method: &Method,
    headers: &HeaderMap,
    upgrade: Option<OnUpgrade>,
    remote: Option<RemoteAddress>,
    socket: Option<Socket>,
    parts: Option<RequestParts>,
) -> Result<Response, HandshakeError> {
    let (response, upgrade) = handshake(method, headers, upgrade)?;
    let settings = manager.settings();
    PageRefused::check(&settings.hosts, &settings.origins, headers)?;
    let address = remote.map(|RemoteAddress(address)| address.ip());
    let admission = manager.admit(address)?.with_socket(socket);
    let manager = manager.clone();
    let span = debug_span!("connection", remote = remote.map(|RemoteAddress(address)| address.to_string()));
    tokio::spawn(
        async move {
            match upgrade.await {
                Ok(upgraded) => {
                    debug!("connection opened");
                    let (transport, mut read) = upgraded_transport(upgraded);
                    let services = manager.services().clone();
                    let mut state = ConnectionState::new(services, address, Framing::Websocket);
                    if let Some(parts) = parts {
                        state.host.decide_by(parts);
                    }
                    manager.start(Connection::new(state, transport, admission), &mut read);
                }
                Err(error) => debug!(%error, "the connection ended during its handshake"),
            }
        }
        .instrument(span),
    );
    Ok(response)
}
