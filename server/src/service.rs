//! The rooms as a tower service, for applications on axum, hyper or anything else that serves one.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use hyper::body::{Body, Frame, SizeHint};
use tower_service::Service;
use warp::filters::BoxedFilter;
use warp::http::request::Parts;
use warp::http::{Request, Version};
use warp::reply::Response;

use crate::Manager;
use crate::access::RequestParts;
use crate::connection::Takeover;
use crate::http::MountPath;
use crate::remote_address::RemoteAddress;

/// Says where a request comes from.
type FindAddress = dyn Fn(&Parts) -> Option<SocketAddr> + Send + Sync;

/// The rooms as a tower [`Service`]: websocket upgrades at `/`, and the rooms over plain HTTP below
/// `/rooms`. Any other path is answered with HTTP status 404. [`Manager::service`] makes it.
///
/// The server around it must allow upgrades: hyper's `with_upgrades`, which axum's `serve` uses. It
/// needs a write timeout for clients that take no events, or a [`Takeover`](crate::Takeover).
#[derive(Clone)]
pub struct RoomsService {
    routes: BoxedFilter<(Response,)>,
    find_address: Option<Arc<FindAddress>>,
    mount_path: Option<MountPath>,
    /// Whether the application decides about entries, and sees requests for that.
    shows_requests: bool,
}

impl Manager {
    /// The rooms as a tower service, beside [`Manager::routes`] for warp.
    ///
    /// ```no_run
    /// use std::net::SocketAddr;
    ///
    /// use axum::Router;
    /// use axum::extract::ConnectInfo;
    /// use axum::routing::get;
    ///
    /// # async fn serve() -> std::io::Result<()> {
    /// let rooms = rtbroadcaster::Manager::new(rtbroadcaster::Settings::default());
    /// let service = rooms.service().mounted_at("/broadcasting").with_remote_address(|request| {
    ///     request.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address)
    /// });
    /// let routes = Router::new()
    ///     .route("/", get(|| async { "the application's own pages" }))
    ///     .nest_service("/broadcasting", service);
    /// let listener = tokio::net::TcpListener::bind(("127.0.0.1", 8080)).await?;
    /// axum::serve(listener, routes.into_make_service_with_connect_info::<SocketAddr>()).await
    /// # }
    /// ```
    #[must_use]
    pub fn service(&self) -> RoomsService {
        RoomsService {
            routes: self.routes(),
            find_address: None,
            mount_path: None,
            shows_requests: self.services().decides_entries(),
        }
    }
}

impl RoomsService {
    /// Sets how the client's address is found in a request: in an extension that the server has
    /// set, or in the header of a proxy that can be trusted. An extension [`RemoteAddress`] comes
    /// first. Without any of these, the limits for each address don't hold.
    #[must_use]
    pub fn with_remote_address(
        self,
        find: impl Fn(&Parts) -> Option<SocketAddr> + Send + Sync + 'static,
    ) -> Self {
        Self { find_address: Some(Arc::new(find)), ..self }
    }

    /// Sets the path at which the service is mounted, for `openapi.json`: a router that strips the
    /// path, as axum's `nest_service` does, hides it from the service.
    #[must_use]
    pub fn mounted_at(self, path: &str) -> Self {
        Self { mount_path: Some(MountPath::new(path)), ..self }
    }
}

impl<B> Service<Request<B>> for RoomsService
where
    B: Body + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        if parts.version > Version::HTTP_11 {
            // The other requests on the TCP connection need it too.
            parts.extensions.remove::<Takeover>();
        }
        if parts.extensions.get::<RemoteAddress>().is_none()
            && let Some(address) = self.find_address.as_ref().and_then(|find| find(&parts))
        {
            parts.extensions.insert(RemoteAddress(address));
        }
        if self.shows_requests {
            parts.extensions.insert(RequestParts(Arc::new(parts.clone())));
        }
        if let Some(path) = &self.mount_path {
            parts.extensions.insert(path.clone());
        }
        let request = Request::from_parts(parts, SharedBody(Mutex::new(Box::pin(body))));
        Box::pin(warp::service(self.routes.clone()).call(request))
    }
}

impl fmt::Debug for RoomsService {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RoomsService").field("mount_path", &self.mount_path).finish_non_exhaustive()
    }
}

/// A body that several threads may share, as warp wants it. Only one ever reads it.
struct SharedBody<B>(Mutex<Pin<Box<B>>>);

impl<B> SharedBody<B> {
    fn body(&self) -> MutexGuard<'_, Pin<Box<B>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Body> Body for SharedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body().size_hint()
    }
}
