//! Who shows a token, as far as the token says it.

use rtbroadcaster_protocol::Permissions;

/// What a token says about its bearer.
#[derive(Debug)]
pub(crate) struct Bearer {
    /// What the bearer may do.
    pub(crate) permissions: Permissions,
    /// Who the bearer is: the claim `sub` of a JSON web token.
    pub(crate) subject: Option<String>,
    /// What others are to call the bearer: the claim `name` of a JSON web token.
    pub(crate) name: Option<String>,
}

impl From<Permissions> for Bearer {
    fn from(permissions: Permissions) -> Self {
        Self { permissions, subject: None, name: None }
    }
}
