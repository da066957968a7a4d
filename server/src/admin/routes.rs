//! The filters for the administration and the guarded metrics, which an application mounts.

use std::sync::Arc;

use serde::Serialize;
use tracing::warn;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::filters::path::FullPath;
use warp::http::header::{CACHE_CONTROL, LOCATION};
use warp::http::{HeaderMap, Method, StatusCode};
use warp::path::Tail;
use warp::reply::{Reply, Response};

use super::error::AdminError;
use super::guard::Guard;
use super::{AdminSettings, connections, dashboard, nodes, rooms, status};
use crate::{Manager, RemoteAddress};

impl Manager {
    /// The administration, to mount at a path of its own: a page for people, and rooms,
    /// connections and nodes in JSON for programs. If the settings have no token, the filter
    /// rejects every request.
    ///
    /// ```
    /// use rtbroadcaster::{AdminSettings, Manager, Secret, Settings};
    /// use warp::Filter;
    ///
    /// let rooms = Manager::new(Settings::default());
    /// let token = Secret::new("a long random one");
    /// let admin = AdminSettings::default().with(|admin| admin.token = Some(token));
    /// let routes = warp::path("admin").and(rooms.admin_routes(&admin));
    /// # drop(routes);
    /// ```
    #[must_use]
    pub fn admin_routes(&self, settings: &AdminSettings) -> BoxedFilter<(Response,)> {
        let Some(token) = &settings.token else { return no_routes() };
        let guard = Arc::new(Guard::new(&[token], "admin-token"));
        let manager = self.clone();
        warp::method()
            .and(warp::path::full())
            .and(warp::path::tail())
            .and(warp::query::raw().or(warp::any().map(String::new)).unify())
            .and(warp::header::headers_cloned())
            .and(RemoteAddress::filter(warp::addr::remote()))
            .then(move |method: Method, path: FullPath, tail: Tail, query: String, headers, remote| {
                let (manager, guard) = (manager.clone(), Arc::clone(&guard));
                async move {
                    if method == Method::GET || method == Method::HEAD {
                        if tail.as_str().is_empty() && !path.as_str().ends_with('/') {
                            return redirect_to_folder(&path);
                        }
                        if let Some(file) = dashboard::file(tail.as_str()) {
                            return file;
                        }
                    }
                    let answered = match check(&manager, &guard, &headers, remote) {
                        Ok(()) => answer(&manager, &method, tail.as_str(), &query).await,
                        Err(error) => Err(error),
                    };
                    answered.unwrap_or_else(Reply::into_response)
                }
            })
            .boxed()
    }

    /// [`Manager::metrics_routes`] for requests that bear one of the two tokens. If the settings
    /// have no token, the filter rejects every request.
    #[must_use]
    pub fn guarded_metrics_routes(&self, settings: &AdminSettings) -> BoxedFilter<(Response,)> {
        let tokens: Vec<_> = settings.token.iter().chain(&settings.metrics_token).collect();
        if tokens.is_empty() {
            return no_routes();
        }
        let guard = Arc::new(Guard::new(&tokens, "metrics-token or admin-token"));
        let manager = self.clone();
        let refused = warp::path::end()
            .and(warp::header::headers_cloned())
            .and(RemoteAddress::filter(warp::addr::remote()))
            .and_then(move |headers, remote| {
                let checked = check(&manager, &guard, &headers, remote);
                async move { checked.err().map(Reply::into_response).ok_or_else(warp::reject::not_found) }
            });
        refused.or(self.metrics_routes()).unify().boxed()
    }
}

/// A filter that rejects every request.
fn no_routes() -> BoxedFilter<(Response,)> {
    warp::any().and_then(async || Err::<Response, _>(warp::reject::not_found())).boxed()
}

fn check(
    manager: &Manager,
    guard: &Guard,
    headers: &HeaderMap,
    remote: Option<RemoteAddress>,
) -> Result<(), AdminError> {
    let remote = remote.map(|RemoteAddress(address)| address.ip());
    let checked = guard.check(headers, remote, manager.now());
    if let Err(AdminError::WrongToken(_)) = checked
        && manager.may_warn()
    {
        let remote = remote.map(|address| address.to_string());
        warn!(remote, "a wrong token was shown to the administration");
    }
    checked
}

/// Redirects to the path with a slash at its end, which the page's relative addresses need.
fn redirect_to_folder(path: &FullPath) -> Response {
    let folder = path.as_str().rsplit('/').next().map(|last| format!("{last}/")).unwrap_or_default();
    let redirect = warp::reply::with_status(warp::reply(), StatusCode::PERMANENT_REDIRECT);
    warp::reply::with_header(redirect, LOCATION, folder).into_response()
}

/// Answers a request whose token was accepted.
async fn answer(manager: &Manager, method: &Method, path: &str, query: &str) -> Result<Response, AdminError> {
    let segments: Vec<_> = path.split('/').collect();
    let is_get = method == Method::GET || method == Method::HEAD;
    let is_delete = method == Method::DELETE;
    match segments[..] {
        ["status"] if is_get => Ok(json(&status::status(manager).await)),
        ["rooms"] if is_get => rooms::list(manager, query).await.map(|page| json(&page)),
        ["rooms", id] if is_get => rooms::one(manager, id).await.map(|room| json(&room)),
        ["rooms", id] if is_delete => {
            rooms::close(manager, id).await.map(|()| StatusCode::NO_CONTENT.into_response())
        }
        ["nodes"] if is_get => nodes::list(manager, query).map(|page| json(&page)),
        ["connections"] if is_get => connections::list(manager, query).map(|page| json(&page)),
        ["connections", address] if is_delete => {
            connections::disconnect(manager, address).map(|done| json(&done))
        }
        ["status"] | ["rooms"] | ["nodes"] | ["connections"] => Err(AdminError::Method("GET, HEAD")),
        ["rooms", _] => Err(AdminError::Method("GET, HEAD, DELETE")),
        ["connections", _] => Err(AdminError::Method("DELETE")),
        _ => Err(AdminError::NotFound),
    }
}

fn json(value: &impl Serialize) -> Response {
    warp::reply::with_header(warp::reply::json(value), CACHE_CONTROL, "no-store").into_response()
}
