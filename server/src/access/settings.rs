//! The settings of access: who may do what.

use std::fmt;
use std::str::FromStr;

use super::{Authoriser, JwtSettings, Secret};

/// Who may open, own and follow rooms. By default everybody may do everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AccessSettings {
    /// Who may open rooms, and claim rooms whose owner key they have.
    pub creation: Gate,
    /// Who may follow rooms.
    pub joins: Gate,
    /// Tokens whose bearer may do everything. They are for programs: in a page every visitor could
    /// read them.
    pub api_keys: Vec<Secret>,
    /// Tokens whose bearer may follow every room.
    pub join_keys: Vec<Secret>,
    /// Tokens whose bearer may publish into every room over HTTP, as if it had the owner key. None
    /// by default.
    pub publish_keys: Vec<Secret>,
    /// Which JSON web tokens are accepted. None by default. Needs the feature `jwt`.
    pub jwt: Option<JwtSettings>,
    /// Lets owners open rooms anew that a former process with the same secret has lost: owner keys
    /// are signed with it. None by default: then no room is opened anew. Not together with a store
    /// (`Manager::with_store`), which keeps the rooms themselves.
    pub reopen_secret: Option<Secret>,
    /// The application's own decision about each entry, beside the gates. None by default.
    pub authoriser: Option<Authoriser>,
}

impl AccessSettings {
    /// The same settings with some changed.
    ///
    /// ```
    /// use rtbroadcaster::{AccessSettings, Gate, Secret};
    ///
    /// let access = AccessSettings::default().with(|access| {
    ///     access.creation = Gate::Token;
    ///     access.api_keys = vec![Secret::new("a long random one")];
    /// });
    /// # drop(access);
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// Who may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Gate {
    /// Everybody.
    #[default]
    Open,
    /// The bearer of a token that allows it.
    Token,
}

impl fmt::Display for Gate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Open => "open",
            Self::Token => "token",
        })
    }
}

/// A text that is no [`Gate`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be open (everybody) or token (who has a token that says so)")]
pub struct InvalidGate;

impl FromStr for Gate {
    type Err = InvalidGate;

    fn from_str(text: &str) -> Result<Self, InvalidGate> {
        match text {
            "open" => Ok(Self::Open),
            "token" => Ok(Self::Token),
            _ => Err(InvalidGate),
        }
    }
}
