//! The short code of a room: a few characters that a person reads off a screen and types on a
//! phone, in place of the uuid.

use std::fmt;

/// The characters of codes. There are no vowels, so that codes spell no words, and of characters
/// that look alike only one: a `B` and no `8`, an `S` and no `5`, a `Z` and no `2`, a `G` and no
/// `6`; no `O`, `0`, `I`, `1` or `L` at all.
const ALPHABET: &[u8; 24] = b"3479BCDFGHJKMNPQRSTVWXYZ";

/// A short code that stands for a room's uuid until the room ends. It is an address and proves
/// nothing: tokens and keys are needed as they are with a uuid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomCode {
    /// Those behind the length are 0.
    characters: [u8; Self::LONGEST],
    length: u8,
}

impl RoomCode {
    /// How many characters a code has at least: there are 191,102,976 of these.
    pub const SHORTEST: usize = 6;

    /// How many characters a code has at most.
    pub const LONGEST: usize = 10;

    /// A code with so many characters, made of random bits. Each code is as likely as any other. A
    /// length out of bounds counts as the nearest that codes may have.
    #[must_use]
    pub fn from_random(bits: u128, length: usize) -> Self {
        let length = length.clamp(Self::SHORTEST, Self::LONGEST);
        let (base, mut rest) = (ALPHABET.len() as u128, bits);
        let mut characters = [0; Self::LONGEST];
        for character in &mut characters[..length] {
            *character = ALPHABET[(rest % base) as usize];
            rest /= base;
        }
        Self { characters, length: length as u8 }
    }

    /// The code that a person typed. Letters may be small, `8`, `5`, `2` and `6` count as the
    /// letters that look like them, and spaces and hyphens count as nothing. None if the text is no
    /// code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut characters = [0; Self::LONGEST];
        let mut length = 0;
        for byte in text.bytes().filter(|byte| !matches!(byte, b' ' | b'-')) {
            let meant = match byte.to_ascii_uppercase() {
                b'8' => b'B',
                b'5' => b'S',
                b'2' => b'Z',
                b'6' => b'G',
                other => other,
            };
            *characters.get_mut(length)? = *ALPHABET.iter().find(|known| **known == meant)?;
            length += 1;
        }
        (length >= Self::SHORTEST).then_some(Self { characters, length: length as u8 })
    }

    /// The code as it is shown.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "it never panics: the alphabet is ASCII")]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.characters[..usize::from(self.length)]).expect("the alphabet is ASCII")
    }
}

impl fmt::Display for RoomCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for RoomCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RoomCode({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_person_types_is_read_as_it_was_meant() {
        let code = RoomCode::parse("K7M4QX").unwrap();
        for typed in ["k7m4qx", " K7M 4QX ", "K7M-4qx"] {
            assert_eq!(RoomCode::parse(typed), Some(code), "{typed}");
        }
        assert_eq!(RoomCode::parse("8526KK"), RoomCode::parse("BSZGKK"));
        assert_eq!(code.to_string(), "K7M4QX");
    }

    #[test]
    fn what_cannot_be_a_code_is_none() {
        let uuid = "f63ca67e-69bb-4a16-a71f-86a87acbe0b5";
        for other in ["", "K7M4Q", "K7M4QXK7M4Q", "K7M4Q0", "K7M4QI", "K7M4Q1", "KÖM4QX", uuid] {
            assert_eq!(RoomCode::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_alphabet_has_no_vowels_and_no_two_characters_that_look_alike() {
        for left_out in ["A", "E", "I", "O", "U", "0", "1", "L", "8", "5", "2", "6"] {
            assert!(!ALPHABET.contains(&left_out.as_bytes()[0]), "{left_out}");
        }
        assert!(ALPHABET.is_sorted_by(|one, next| one < next));
    }

    proptest! {
        #[test]
        fn every_drawn_code_has_its_length_and_is_read_again(bits in any::<u128>(), length in 0..20_usize) {
            let code = RoomCode::from_random(bits, length);
            prop_assert_eq!(code.as_str().len(), length.clamp(6, 10));
            prop_assert_eq!(RoomCode::parse(&code.as_str().to_lowercase()), Some(code));
        }
    }
}
