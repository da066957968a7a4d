//! The path at which an application has mounted the rooms.

use std::sync::Arc;

/// The path at which the rooms are mounted, as an extension of a request whose own path doesn't
/// show it.
#[derive(Debug, Clone)]
pub(crate) struct MountPath(Arc<str>);

impl MountPath {
    pub(crate) fn new(path: &str) -> Self {
        Self(path.trim_end_matches('/').into())
    }

    /// The path, without a slash at its end.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
