//! The id of a room: a UUID, which clients send and which is shown in links.

use std::fmt;

use uuid::Uuid;

/// The id of a room: its UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(Uuid);

impl RoomId {
    /// A version 4 UUID (RFC 9562 section 5.4) from random bits, of which 122 are used.
    #[must_use]
    pub fn from_random(bits: u128) -> Self {
        Self(uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid())
    }

    /// The id with these bytes, as [`RoomId::to_bytes`] returns them.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The 16 bytes of the UUID, in the order in which it is written.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }

    /// The id that a client wrote. Like the original, it takes a UUID in upper or lower case, bare,
    /// hyphenated, in braces or as a URN. None if the text is no UUID.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_in_every_form_that_the_original_accepted() {
        let id = RoomId::parse("f63ca67e-69bb-4a16-a71f-86a87acbe0b5").unwrap();
        for form in [
            "F63CA67E-69BB-4A16-A71F-86A87ACBE0B5",
            "f63ca67e69bb4a16a71f86a87acbe0b5",
            "{f63ca67e-69bb-4a16-a71f-86a87acbe0b5}",
            "urn:uuid:f63ca67e-69bb-4a16-a71f-86a87acbe0b5",
        ] {
            assert_eq!(RoomId::parse(form), Some(id), "{form}");
        }
        assert_eq!(RoomId::parse("63ca67e-69bb-4a16-a71f-86a87acbe0b5"), None);
        assert_eq!(id.to_string(), "f63ca67e-69bb-4a16-a71f-86a87acbe0b5");
    }

    #[test]
    fn a_random_id_is_a_version_4_uuid() {
        let id = RoomId::from_random(u128::MAX).to_string();
        assert_eq!(id, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
