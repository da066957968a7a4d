//! The parts of a request, which an [`Authoriser`](super::Authoriser) sees.

use std::sync::Arc;

use warp::http::request::Parts;
use warp::http::{HeaderMap, Method, Request};

/// The parts of a request, as an extension of it where a server passes them on whole.
#[derive(Debug, Clone)]
pub(crate) struct RequestParts(pub(crate) Arc<Parts>);

impl RequestParts {
    /// The parts of a request of which a filter has these. It has no extensions.
    pub(crate) fn new(method: &Method, path: &str, query: &str, headers: &HeaderMap) -> Self {
        let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let request = Request::builder().method(method).uri(target).body(());
        let mut request = request.expect("method, path and query are those of a request");
        headers.clone_into(request.headers_mut());
        Self(Arc::new(request.into_parts().0))
    }
}
