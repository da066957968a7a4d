//! The address of a client, which the accept loop knows.

use std::convert::Infallible;
use std::net::SocketAddr;

use warp::Filter;
use warp::filters::BoxedFilter;

/// The client's address, for logs and for limits per address, as an extension of a request. The
/// program's accept loop sets it, and another server may. Without it, the rooms are told the
/// address by [`Manager::routes`](crate::Manager::routes) or by
/// [`RoomsService::with_remote_address`](crate::RoomsService::with_remote_address).
#[derive(Debug, Clone, Copy)]
pub struct RemoteAddress(pub SocketAddr);

impl RemoteAddress {
    /// The filter that yields the client's address: the extension, or else what `found` yields.
    pub(crate) fn filter<F>(found: F) -> BoxedFilter<(Option<Self>,)>
    where
        F: Filter<Extract = (Option<SocketAddr>,), Error = Infallible> + Clone + Send + Sync + 'static,
    {
        warp::ext::optional::<Self>()
            .and(found)
            .map(|set: Option<Self>, found: Option<SocketAddr>| set.or(found.map(Self)))
            .boxed()
    }
}
