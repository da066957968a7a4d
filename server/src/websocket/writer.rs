//! Frames to a client: never masked, never fragmented (RFC 6455 section 5.2).

use tungstenite::protocol::frame::coding::CloseCode;

const FIN: u8 = 0x80;
const TEXT: u8 = FIN | 0x1;
const CLOSE: u8 = FIN | 0x8;
const PONG: u8 = FIN | 0xa;
/// The longest payload of a control frame (section 5.5).
const MAX_CONTROL_BYTES: usize = 125;

/// The longest header of a frame that isn't masked (section 5.2).
pub(crate) const MAX_HEADER_BYTES: usize = 10;

/// A ping without a payload.
pub(crate) const PING: [u8; 2] = [FIN | 0x9, 0];

/// The header of a text frame: an array, and how many of its bytes the header has.
pub(crate) fn text_header(payload: usize) -> ([u8; MAX_HEADER_BYTES], usize) {
    let mut header = [0; MAX_HEADER_BYTES];
    header[0] = TEXT;
    match (u8::try_from(payload), u16::try_from(payload)) {
        (Ok(short @ ..=125), _) => {
            header[1] = short;
            (header, 2)
        }
        (_, Ok(medium)) => {
            header[1] = 126;
            header[2..4].copy_from_slice(&medium.to_be_bytes());
            (header, 4)
        }
        (_, Err(_)) => {
            header[1] = 127;
            header[2..].copy_from_slice(&(payload as u64).to_be_bytes());
            (header, MAX_HEADER_BYTES)
        }
    }
}

/// The answer to a ping: the same payload, which the reader has found short enough.
pub(crate) fn pong(payload: &[u8]) -> Vec<u8> {
    control(PONG, payload)
}

/// A close frame. A reason that doesn't fit is cut short.
pub(crate) fn close(code: CloseCode, reason: &str) -> Vec<u8> {
    if code == CloseCode::Status {
        // The client gave no code, and this one must not be sent (section 7.4.1).
        return control(CLOSE, &[]);
    }
    let mut end = reason.len().min(MAX_CONTROL_BYTES - 2);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    control(CLOSE, &[&u16::from(code).to_be_bytes(), &reason.as_bytes()[..end]].concat())
}

fn control(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len().min(MAX_CONTROL_BYTES);
    let mut frame = Vec::with_capacity(2 + length);
    frame.extend([first, length as u8]);
    frame.extend_from_slice(&payload[..length]);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(payload: usize) -> Vec<u8> {
        let (bytes, length) = text_header(payload);
        bytes[..length].to_vec()
    }

    #[test]
    fn the_header_is_as_long_as_the_payload_needs() {
        assert_eq!(text(0), [0x81, 0]);
        assert_eq!(text(125), [0x81, 125]);
        assert_eq!(text(126), [0x81, 126, 0, 126]);
        assert_eq!(text(65_535), [0x81, 126, 0xff, 0xff]);
        assert_eq!(text(65_536), [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn a_close_frame_carries_code_and_reason() {
        assert_eq!(close(CloseCode::Normal, "bye"), [0x88, 5, 0x03, 0xe8, b'b', b'y', b'e']);
        assert_eq!(close(CloseCode::Status, "never said"), [0x88, 0]);
        assert_eq!(close(CloseCode::Normal, &"ä".repeat(100)).len(), 2 + 2 + 122);
    }
}
