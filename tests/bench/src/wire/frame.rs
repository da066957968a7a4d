//! Websocket frames (RFC 6455 section 5.2): reads them from a buffer without a copy, and builds
//! them.

use std::ops::Range;

/// The kinds of frames, as far as either end needs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the RFC's own names")]
pub(crate) enum Opcode {
    Text,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    /// The first byte, with the bit for the last fragment: neither end sends or accepts fragments.
    const fn first_byte(self) -> u8 {
        match self {
            Self::Text => 0x81,
            Self::Close => 0x88,
            Self::Ping => 0x89,
            Self::Pong => 0x8a,
        }
    }

    const ALL: [Self; 4] = [Self::Text, Self::Close, Self::Ping, Self::Pong];
}

/// One frame in a buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) opcode: Opcode,
    /// The range of its payload.
    pub(crate) payload: Range<usize>,
    /// The key that masks its payload.
    pub(crate) mask: Option<[u8; 4]>,
}

/// A first byte of none of the four whole frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnknownFrame(pub(crate) u8);

impl Frame {
    /// The frame that begins at `start`, if it is complete. The next frame begins where its payload
    /// ends.
    pub(crate) fn next(buffer: &[u8], start: usize) -> Result<Option<Self>, UnknownFrame> {
        let Some([first, second]) = take::<2>(buffer, start) else { return Ok(None) };
        let opcode = Opcode::ALL.into_iter().find(|opcode| opcode.first_byte() == first);
        let opcode = opcode.ok_or(UnknownFrame(first))?;
        let mut at = start + 2;
        let length = match second & 0x7f {
            126 => take(buffer, at).map(|bytes| (2, u64::from(u16::from_be_bytes(bytes)))),
            127 => take(buffer, at).map(|bytes| (8, u64::from_be_bytes(bytes))),
            short => Some((0, u64::from(short))),
        };
        let Some((bytes, length)) = length else { return Ok(None) };
        at += bytes;
        let mut mask = None;
        if second & 0x80 != 0 {
            mask = take(buffer, at);
            at += 4;
        }
        let end = usize::try_from(length).ok().and_then(|length| at.checked_add(length));
        Ok(end.filter(|end| *end <= buffer.len()).map(|end| Self { opcode, payload: at..end, mask }))
    }

    /// Unmasks the payload in place and returns it.
    pub(crate) fn unmasked<'a>(&self, buffer: &'a mut [u8]) -> &'a [u8] {
        let payload = &mut buffer[self.payload.clone()];
        if let Some(mask) = self.mask {
            apply_mask(mask, payload);
        }
        payload
    }
}

/// Appends a frame as servers send it.
pub(crate) fn push_server_frame(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    push_header(out, opcode, payload.len(), 0);
    out.extend_from_slice(payload);
}

/// Appends a frame as clients send it.
pub(crate) fn push_client_frame(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    /// Any key works that changes every byte.
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    push_header(out, opcode, payload.len(), 0x80);
    out.extend_from_slice(&MASK);
    let start = out.len();
    out.extend_from_slice(payload);
    apply_mask(MASK, &mut out[start..]);
}

fn push_header(out: &mut Vec<u8>, opcode: Opcode, length: usize, mask_bit: u8) {
    out.push(opcode.first_byte());
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..=125), _) => out.push(mask_bit | short),
        (_, Ok(medium)) => {
            out.push(mask_bit | 126);
            out.extend_from_slice(&medium.to_be_bytes());
        }
        (_, Err(_)) => {
            out.push(mask_bit | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

fn apply_mask(mask: [u8; 4], payload: &mut [u8]) {
    for (byte, key) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}

fn take<const N: usize>(buffer: &[u8], at: usize) -> Option<[u8; N]> {
    buffer.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_are_cut_out_only_when_they_are_whole() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            for push in [push_server_frame, push_client_frame] {
                let payload: Vec<u8> = (0..length).map(|n: usize| n.to_le_bytes()[0]).collect();
                let mut buffer = b"before".to_vec();
                push(&mut buffer, Opcode::Text, &payload);
                for cut in (6..buffer.len()).step_by(1 + length / 100) {
                    assert_eq!(Frame::next(&buffer[..cut], 6), Ok(None), "{cut} of {length}");
                }
                let frame = Frame::next(&buffer, 6).unwrap().unwrap();
                assert_eq!((frame.opcode, frame.payload.end), (Opcode::Text, buffer.len()));
                assert_eq!(frame.unmasked(&mut buffer), payload);
            }
        }
    }

    #[test]
    fn one_frame_follows_the_other() {
        let mut buffer = Vec::new();
        push_server_frame(&mut buffer, Opcode::Text, b"a");
        push_server_frame(&mut buffer, Opcode::Ping, b"bc");
        let first = Frame::next(&buffer, 0).unwrap().unwrap();
        let second = Frame::next(&buffer, first.payload.end).unwrap().unwrap();
        assert_eq!((second.opcode, &buffer[second.payload]), (Opcode::Ping, b"bc".as_slice()));
    }

    #[test]
    fn a_fragment_and_an_absurd_length_are_no_frames() {
        assert_eq!(Frame::next(&[0x01, 0], 0), Err(UnknownFrame(0x01)));
        let absurd = [&[0x81, 127][..], &[0xff; 8]].concat();
        assert_eq!(Frame::next(&absurd, 0), Ok(None));
    }
}
