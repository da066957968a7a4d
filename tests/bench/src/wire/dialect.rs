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

/// What a Socket.IO client shows when it comes back: its session, and how far it got.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recovery {
    session: String,
    offset: String,
    /// Whether it has shown this on its connection.
    is_shown: bool,
}

impl Recovery {
    /// The same for the next connection.
    pub(crate) fn shown(self) -> Self {
        Self { is_shown: !self.offset.is_empty(), ..self }
    }

    /// Notes the welcome. True if the server goes on where it was.
    pub(crate) fn welcomed(&mut self, text: &str) -> bool {
        let session = text.split_once(r#""pid":""#).and_then(|(_, rest)| rest.split('"').next());
        let is_recovered = self.is_shown && session == Some(&*self.session);
        session.unwrap_or_default().clone_into(&mut self.session);
        is_recovered
    }

    /// Notes the offset at the end of a message.
    #[inline]
    pub(crate) fn note(&mut self, text: &[u8]) {
        if let Some(text) = text.strip_suffix(br#""]"#) {
            let begins = text.iter().rposition(|byte| *byte == b'"').map_or(0, |quote| quote + 1);
            self.offset = String::from_utf8_lossy(&text[begins..]).into_owned();
        }
    }

    /// The answer to the server's greeting.
    pub(crate) fn greeting(&self) -> String {
        match self.is_shown {
            true => format!(r#"40{{"pid":"{}","offset":"{}"}}"#, self.session, self.offset),
            false => "40".to_owned(),
        }
    }
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
    /// The client must say who it is.
    Greeting,
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

    /// Where an action's id goes on the wire, and what stands around it there.
    pub(crate) fn id(self) -> (usize, &'static str, &'static str) {
        match self {
            // `{"id":7,"funcKey":…}`
            Self::Plain => (1, r#""id":"#, ","),
            // `427["m",{"funcKey":…}]`
            Self::SocketIo => (2, "", ""),
        }
    }

    /// The id up to which a text from the server acknowledges actions.
    pub(crate) fn acknowledged(self, text: &str) -> Option<u64> {
        let digits = match self {
            Self::Plain => text.rsplit_once(r#"{"ack":"#)?.1,
            Self::SocketIo => text.strip_prefix("43")?,
        };
        digits.split(|byte: char| !byte.is_ascii_digit()).next()?.parse().ok()
    }

    /// What a text from the server is.
    #[inline]
    pub(crate) fn read(self, text: &[u8]) -> Text {
        match (self, text) {
            (Self::Plain, _) | (Self::SocketIo, [b'4', b'2' | b'3', ..]) => Text::Messages,
            (Self::SocketIo, [b'0', ..]) => Text::Greeting,
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
    fn an_acknowledgement_says_how_far_it_goes() {
        assert_eq!(Dialect::Plain.acknowledged(r#"{"ack":12,"seq":40}"#), Some(12));
        assert_eq!(Dialect::Plain.acknowledged(r#"{"synced":6}"#), None);
        assert_eq!(Dialect::SocketIo.acknowledged("4312[]"), Some(12));
        assert_eq!(Dialect::SocketIo.acknowledged(r#"42["m",{"ack":1}]"#), None);
    }

    #[test]
    fn who_comes_back_shows_how_far_it_got() {
        let mut recovery = Recovery::default();
        assert_eq!(recovery.greeting(), "40");
        assert!(!recovery.welcomed(r#"40{"sid":"a","pid":"b"}"#));
        recovery.note(br#"42["m",{"funcParams":["x"]},"12-0"]"#);
        recovery.note(br#"42["m",{"funcParams":["x"]}]"#);
        let mut recovery = recovery.shown();
        assert_eq!(recovery.greeting(), r#"40{"pid":"b","offset":"12-0"}"#);
        assert!(recovery.clone().welcomed(r#"40{"sid":"c","pid":"b"}"#));
        assert!(!recovery.welcomed(r#"40{"sid":"c","pid":"d"}"#));
    }

    #[test]
    fn a_greeting_is_answered_and_then_welcomed() {
        assert_eq!(Dialect::SocketIo.read(br#"0{"sid":"x"}"#), Text::Greeting);
        assert_eq!(Dialect::SocketIo.read(br#"40{"sid":"x"}"#), Text::Welcome);
        assert_eq!(Dialect::SocketIo.read(b"2"), Text::Asks("3"));
    }
}
