//! Finds the files of a directory, and keeps to those that may be served.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::pin::Pin;

use rtbroadcaster::Manager;
use tower_http::services::fs::{Backend, TokioBackend, TokioFile};
use tracing::{debug, warn};

use super::Exposed;

/// The one name with a dot that is meant for the public (RFC 8615), as for certificates by ACME.
const WELL_KNOWN: &str = ".well-known";

/// The files of a directory.
#[derive(Clone)]
pub(super) struct Files {
    manager: Manager,
    /// Without symbolic links.
    root: PathBuf,
    exposed: Exposed,
}

type Pending<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

impl Files {
    /// # Errors
    /// The directory can't be found.
    pub(super) fn new(manager: Manager, directory: &Path, exposed: Exposed) -> io::Result<Self> {
        Ok(Self { manager, root: directory.canonicalize()?, exposed })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The file or folder at this path, if it may be served.
    ///
    /// # Errors
    /// `NotFound`: it may not, or it isn't there.
    async fn find(&self, path: &Path) -> io::Result<PathBuf> {
        let not_found = || io::Error::from(ErrorKind::NotFound);
        let inside = path.strip_prefix(&self.root).map_err(|_| not_found())?;
        if !self.exposed.dotfiles && inside.components().any(is_hidden) {
            return Err(not_found());
        }
        // Whatever is wrong with the path, it leads to no file.
        let found = tokio::fs::canonicalize(path).await.map_err(|_| not_found())?;
        if !self.exposed.outside_links {
            let inside = found.strip_prefix(&self.root).map_err(|_| not_found())?;
            if !self.exposed.dotfiles && inside.components().any(is_hidden) {
                return Err(not_found());
            }
        }
        let metadata = tokio::fs::metadata(&found).await.map_err(|_| not_found())?;
        // Opening a pipe would wait for its writer.
        if metadata.is_file() || metadata.is_dir() { Ok(found) } else { Err(not_found()) }
    }
}

impl Backend for Files {
    type File = TokioFile;
    type Metadata = std::fs::Metadata;
    type OpenFuture = Pending<TokioFile>;
    type MetadataFuture = Pending<std::fs::Metadata>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        let files = self.clone();
        Box::pin(async move {
            let found = files.find(&path).await?;
            // A file that may not be read is as good as none, but its operator should know.
            TokioBackend.open(found).await.inspect_err(|error| {
                if files.manager.may_warn() {
                    warn!(file = %path.display(), %error, "a file of --www cannot be read");
                } else {
                    debug!(file = %path.display(), %error, "a file of --www cannot be read");
                }
            })
        })
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        let files = self.clone();
        Box::pin(async move { TokioBackend.metadata(files.find(&path).await?).await })
    }
}

fn is_hidden(part: Component<'_>) -> bool {
    let Component::Normal(name) = part else { return false };
    name != OsStr::new(WELL_KNOWN) && name.as_encoded_bytes().starts_with(b".")
}
