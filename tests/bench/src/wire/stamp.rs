//! The stamp that the load generator writes into each message to recognise it: its number in the
//! room and the time of its sending.
//!
//! It has a fixed width and follows a byte that occurs nowhere else in a message. So it is found
//! without parsing JSON: reading must cost less than what is measured.

use std::io::Write;

/// A byte that occurs in no uuid, key or envelope.
pub(crate) const MARK: u8 = b'@';
const NUMBER_DIGITS: usize = 10;
const MICROS_DIGITS: usize = 14;
/// Bytes of a stamp: the mark, the number, a space, the time.
pub(crate) const STAMP_BYTES: usize = 1 + NUMBER_DIGITS + 1 + MICROS_DIGITS;

/// A message's number in its room, and the time of its sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// 1, 2, 3 … in each room.
    pub(crate) number: u64,
    /// The time since the load generator's start.
    pub(crate) micros: u64,
}

impl Stamp {
    /// Appends the stamp to `out`.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        let Self { number, micros } = self;
        write!(out, "@{number:0NUMBER_DIGITS$} {micros:0MICROS_DIGITS$}").expect("a Vec takes all");
    }

    /// Reads a stamp, with its mark, from the start of `bytes`.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let stamp = bytes.get(..STAMP_BYTES)?;
        let (number, micros) = stamp[1..].split_at(NUMBER_DIGITS);
        let (space, micros) = micros.split_first()?;
        if stamp[0] != MARK || *space != b' ' {
            return None;
        }
        Some(Self { number: digits(number)?, micros: digits(micros)? })
    }

    /// All stamps of a text; `None` for a mark without a stamp.
    pub(crate) fn all(text: &[u8]) -> impl Iterator<Item = Option<Self>> {
        memchr::memchr_iter(MARK, text).map(|at| Self::read(&text[at..]))
    }
}

fn digits(bytes: &[u8]) -> Option<u64> {
    bytes
        .iter()
        .try_fold(0, |number: u64, byte| byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(number: u64, micros: u64) -> Vec<u8> {
        let mut out = Vec::new();
        Stamp { number, micros }.write(&mut out);
        out
    }

    #[test]
    fn what_is_written_is_read_again() {
        let bytes = written(50_000, 61_234_567);
        assert_eq!(bytes.len(), STAMP_BYTES);
        assert_eq!(Stamp::read(&bytes), Some(Stamp { number: 50_000, micros: 61_234_567 }));
    }

    #[test]
    fn every_stamp_of_a_text_is_found() {
        let text =
            [b"{\"a\":\"".as_slice(), &written(1, 5), b" xx\"}\n{\"a\":\"", &written(2, 6), b"\"}"].concat();
        let numbers: Vec<_> = Stamp::all(&text).map(|stamp| stamp.map(|stamp| stamp.number)).collect();
        assert_eq!(numbers, [Some(1), Some(2)]);
    }

    #[test]
    fn a_broken_stamp_is_none() {
        let whole = written(7, 8);
        assert_eq!(Stamp::read(&whole[..STAMP_BYTES - 1]), None);
        assert_eq!(Stamp::read(&[b"x", &whole[1..]].concat()), None);
        let mut letter = whole;
        letter[5] = b'x';
        assert_eq!(Stamp::read(&letter), None);
    }
}
