//! The filter for the metrics, which an application mounts for Prometheus.

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use warp::reply::{Reply, Response};

use super::scrape;
use super::text::MEDIA_TYPE;
use crate::Manager;

impl Manager {
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
                async move { metrics_response(&manager).await }
            })
            .boxed()
    }
}

/// A page of all metrics.
async fn metrics_response(manager: &Manager) -> Response {
    let page = scrape::page(manager).await;
    let page = warp::reply::with_header(page, CONTENT_TYPE, MEDIA_TYPE);
    warp::reply::with_header(page, CACHE_CONTROL, "no-store").into_response()
}
