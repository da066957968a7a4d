//! The files of `--www`: which of them are served, and how.

mod files;

use std::convert::Infallible;
use std::path::Path;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::Stream;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use rtbroadcaster::Manager;
use tower_http::compression::Compression;
use tower_http::services::ServeDir;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::filters::path::FullPath;
use warp::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, ETAG, HeaderMap, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use warp::http::{Method, Request};
use warp::reply::{Reply, Response};

use files::Files;

/// Files that are served only if the operator asks for them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Exposed {
    /// Files and folders whose names begin with a dot.
    pub(crate) dotfiles: bool,
    /// What symbolic links lead to outside of the directory.
    pub(crate) outside_links: bool,
}

impl Exposed {
    const DOTFILES: &str = "dotfiles";
    const OUTSIDE_LINKS: &str = "outside-links";

    /// The texts that parse to this.
    pub(crate) fn to_list(self) -> Vec<String> {
        let parts = [(self.dotfiles, Self::DOTFILES), (self.outside_links, Self::OUTSIDE_LINKS)];
        parts.into_iter().filter(|(is, _)| *is).map(|(_, name)| name.to_owned()).collect()
    }

    /// All of these together.
    pub(crate) fn parse(list: &[String]) -> Result<Self, String> {
        list.iter().try_fold(Self::default(), |all, text| {
            let one: Self = text.parse()?;
            Ok(Self {
                dotfiles: all.dotfiles || one.dotfiles,
                outside_links: all.outside_links || one.outside_links,
            })
        })
    }
}

impl FromStr for Exposed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            Self::DOTFILES => Ok(Self { dotfiles: true, ..Self::default() }),
            Self::OUTSIDE_LINKS => Ok(Self { outside_links: true, ..Self::default() }),
            _ => Err("must be dotfiles (files whose names begin with a dot) or outside-links (what symbolic links lead \
                      to outside of the directory)"
                .to_owned()),
        }
    }
}

/// The files of this directory. A path that leads to none of them is rejected, so that the answer
/// is 404.
pub(crate) fn routes(
    manager: &Manager,
    directory: &Path,
    exposed: Exposed,
) -> std::io::Result<BoxedFilter<(Response,)>> {
    let files = Files::new(manager.clone(), directory, exposed)?;
    let root = files.root().to_owned();
    let directory = ServeDir::with_backend(root, files);
    let service = TowerToHyperService::new(Compression::new(directory).gzip(true));
    let routes = warp::get()
        .or(warp::head())
        .unify()
        .and(warp::method())
        .and(warp::path::full())
        .and(warp::header::headers_cloned())
        .and_then(move |method, path, headers| {
            let request = request(method, &path, headers);
            let service = service.clone();
            async move {
                let request = request.ok_or_else(warp::reject::not_found)?;
                let answered: Result<_, Infallible> = service.call(request).await;
                let answer = answered.unwrap_or_else(|never| match never {});
                if answer.status().as_u16() == 404 {
                    return Err(warp::reject::not_found());
                }
                let (parts, body) = answer.into_parts();
                let body = Body(Mutex::new(Box::pin(body.into_data_stream())));
                let mut response = warp::reply::stream(body).into_response();
                *response.status_mut() = parts.status;
                *response.headers_mut() = parts.headers;
                complete(response.headers_mut());
                Ok(response)
            }
        });
    Ok(routes.boxed())
}

/// The request as the files see it. None if its path can't be one of theirs.
fn request(method: Method, path: &FullPath, headers: HeaderMap) -> Option<Request<Empty<Bytes>>> {
    // With two slashes a redirect to a folder would lead to another host.
    if path.as_str().starts_with("//") {
        return None;
    }
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = path.as_str().parse().ok()?;
    *request.method_mut() = method;
    *request.headers_mut() = headers;
    Some(request)
}

/// Adds what is the same for all files.
fn complete(headers: &mut HeaderMap) {
    // A browser asks for each file again, and is mostly answered "not modified". So a page never
    // mixes old modules with new ones.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // The same file has other bytes if it is compressed, so its tag is a weak one then (RFC 9110
    // section 8.8.1).
    if headers.contains_key(CONTENT_ENCODING)
        && let Some(tag) = headers.get(ETAG).and_then(|tag| tag.to_str().ok())
        && let Ok(tag) = HeaderValue::from_str(&format!("W/{}", tag.trim_start_matches("W/")))
    {
        headers.insert(ETAG, tag);
    }
}

/// A body that warp takes, which only one thread at a time reads. The lock is never waited for.
struct Body<S>(Mutex<Pin<Box<S>>>);

impl<S: Stream> Stream for Body<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll_next(context)
    }
}
