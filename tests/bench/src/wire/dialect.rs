//! How a candidate wraps its messages: not at all, or as Socket.IO does.

use std::borrow::Cow;

/// The protocol of a candidate on its websockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Dialect {
    /// Messages are not wrapped.
    Plain,
    /// Engine.IO 4 and Socket.IO 5: with a greeting, its own pings, and every message as an event.
    SocketIo,
}

/// The meaning of a text from the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// One or more messages.
    Messages,
    /// The client may now send its first message.
    Welcome,
    /// The client must answer with this.
    Asks(&'static str),
}

impl Dialect {
    /// The path of the rooms.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Plain => "/broadcasting",
            Self::SocketIo => "/socket.io/?EIO=4&transport=websocket",
        }
    }

    /// Whether the server speaks first.
    pub(crate) fn waits_for_welcome(self) -> bool {
        self == Self::SocketIo
    }

    /// A message as it is on the wire.
    pub(crate) fn wrap(self, message: &str) -> Cow<'_, str> {
        match self {
            Self::Plain => message.into(),
            Self::SocketIo => format!(r#"42["m",{message}]"#).into(),
        }
    }

    /// What a text from the server is.
    #[inline]
    pub(crate) fn read(self, text: &[u8]) -> Text {
        match (self, text) {
            (Self::Plain, _) | (Self::SocketIo, [b'4', b'2', ..]) => Text::Messages,
            (Self::SocketIo, [b'0', ..]) => Text::Asks("40"),
            (Self::SocketIo, [b'2', ..]) => Text::Asks("3"),
            (Self::SocketIo, _) => Text::Welcome,
        }
    }

    /// The byte that ends a text of messages.
    pub(crate) fn last_byte(self) -> u8 {
        match self {
            Self::Plain => b'}',
            Self::SocketIo => b']',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrapped_is_a_message_that_ends_as_it_should() {
        for dialect in [Dialect::Plain, Dialect::SocketIo] {
            let wrapped = dialect.wrap("{}").into_owned();
            assert_eq!(dialect.read(wrapped.as_bytes()), Text::Messages);
            assert_eq!(wrapped.bytes().last(), Some(dialect.last_byte()));
        }
    }

    #[test]
    fn a_greeting_is_answered_and_then_welcomed() {
        assert_eq!(Dialect::SocketIo.read(br#"0{"sid":"x"}"#), Text::Asks("40"));
        assert_eq!(Dialect::SocketIo.read(br#"40{"sid":"x"}"#), Text::Welcome);
        assert_eq!(Dialect::SocketIo.read(b"2"), Text::Asks("3"));
    }
}
