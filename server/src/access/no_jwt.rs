//! Stands for JSON web tokens in a build without the feature `jwt`. No token is accepted. The types
//! have no values, so this compiles to nothing.

use rtbroadcaster_protocol::Refusal;

use super::bearer::Bearer;

/// Which JSON web tokens are accepted. Without the feature `jwt` there are no such settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwtSettings {}

/// Why the keys for tokens could not be loaded. Without the feature `jwt` there are no such keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {}

#[derive(Debug)]
pub(super) enum Jwt {}

impl Jwt {
    #[expect(clippy::needless_pass_by_value, reason = "the signature is the same with the feature")]
    pub(super) fn new(settings: JwtSettings) -> Self {
        match settings {}
    }

    pub(super) async fn load_keys(&self) -> Result<(), KeysError> {
        match *self {}
    }

    pub(super) fn bearer(&self, _token: &str) -> Result<Bearer, Refusal> {
        match *self {}
    }
}
