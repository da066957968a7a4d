//! The one list of what can be set, section by section.

mod access;
mod admin;
mod limits;
mod server;

use super::setting::Setting;

/// Everything that can be set, in the order in which it is shown. A section's settings stand together.
pub(crate) fn all() -> impl Iterator<Item = &'static Setting> {
    [server::SETTINGS, access::SETTINGS, limits::SETTINGS, admin::SETTINGS].into_iter().flatten()
}
