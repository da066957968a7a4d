//! Reads a client's frames out of its bytes. A frame is read where it lies, and copied only while a
//! part of it is missing.

use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use super::Fault;

/// The longest payload of a control frame (RFC 6455 section 5.5).
const MAX_CONTROL_BYTES: u64 = 125;

/// A message or a control frame of the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming<'bytes> {
    /// A text message.
    Text(&'bytes str),
    /// A binary message.
    Binary(&'bytes [u8]),
    /// A ping, to be answered with the same payload.
    Ping(&'bytes [u8]),
    /// A pong: the client is alive.
    Pong,
    /// A close frame. Nothing after it counts.
    Close(CloseCode),
}

/// Reads a client's frames. Between two messages it holds no memory.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Bytes of one message at most, all its fragments together.
    limit: usize,
    /// The beginning of a frame whose rest is missing, or frames that were not read yet.
    rest: Vec<u8>,
    /// The fragments of a message that isn't complete yet.
    message: Option<Vec<u8>>,
    /// The fragments belong to a text message.
    is_text: bool,
}

impl Reader {
    /// A reader that treats messages above `limit` bytes as a fault.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, rest: Vec::new(), message: None, is_text: false }
    }

    /// Reads bytes and passes each complete message or control frame to `receive`, until that
    /// returns false. The rest is kept; a call without bytes continues with it. The bytes are
    /// unmasked where they lie.
    ///
    /// # Errors
    /// The first fault in the client's frames. Nothing can be read after it.
    pub(crate) fn feed(
        &mut self,
        bytes: &mut [u8],
        mut receive: impl FnMut(Incoming<'_>) -> bool,
    ) -> Result<(), Fault> {
        if self.rest.is_empty() {
            let consumed = self.read_frames(bytes, &mut receive)?;
            self.rest.extend_from_slice(&bytes[consumed..]);
            return Ok(());
        }
        self.rest.extend_from_slice(bytes);
        let mut buffer = std::mem::take(&mut self.rest);
        let consumed = self.read_frames(&mut buffer, &mut receive)?;
        if consumed < buffer.len() {
            buffer.drain(..consumed);
            if buffer.len() < buffer.capacity() / 4 {
                buffer.shrink_to_fit();
            }
            self.rest = buffer;
        }
        Ok(())
    }

    /// Reads the complete frames in a buffer. Returns how many bytes they have.
    fn read_frames(
        &mut self,
        buffer: &mut [u8],
        receive: &mut impl FnMut(Incoming<'_>) -> bool,
    ) -> Result<usize, Fault> {
        let mut position = 0;
        loop {
            let mut cursor = Cursor::new(&buffer[position..]);
            let header = FrameHeader::parse(&mut cursor).map_err(|_| Fault::Frame)?;
            let Some((header, length)) = header else { return Ok(position) };
            let mask = self.check(&header, length)?;
            // The length is within the limit, which is a usize, as the check has found.
            let start = position + cursor.position() as usize;
            let Some(payload) = buffer.get_mut(start..start + length as usize) else { return Ok(position) };
            unmask(payload, mask);
            let continues = self.read_frame(&header, payload, receive)?;
            position = start + length as usize;
            if !continues {
                return Ok(position);
            }
        }
    }

    /// Checks whether a client may send this frame now. Returns its mask.
    fn check(&self, header: &FrameHeader, length: u64) -> Result<[u8; 4], Fault> {
        let has_reserved_bits = header.rsv1 || header.rsv2 || header.rsv3;
        let is_in_order = match header.opcode {
            OpCode::Control(_) => header.is_final && length <= MAX_CONTROL_BYTES,
            OpCode::Data(Data::Continue) => self.message.is_some(),
            OpCode::Data(_) => self.message.is_none(),
        };
        let mask = header.mask.filter(|_| is_in_order && !has_reserved_bits).ok_or(Fault::Frame)?;
        let before = self.message.as_ref().map_or(0, Vec::len) as u64;
        if matches!(header.opcode, OpCode::Data(_)) && before.saturating_add(length) > self.limit as u64 {
            return Err(Fault::Size);
        }
        Ok(mask)
    }

    fn read_frame(
        &mut self,
        header: &FrameHeader,
        payload: &[u8],
        receive: &mut impl FnMut(Incoming<'_>) -> bool,
    ) -> Result<bool, Fault> {
        Ok(match header.opcode {
            OpCode::Control(Control::Ping) => receive(Incoming::Ping(payload)),
            OpCode::Control(Control::Pong) => receive(Incoming::Pong),
            OpCode::Control(Control::Close) => receive(Incoming::Close(close_code(payload)?)),
            OpCode::Control(Control::Reserved(_)) | OpCode::Data(Data::Reserved(_)) => {
                return Err(Fault::Frame);
            }
            OpCode::Data(data) => {
                if data != Data::Continue {
                    self.is_text = data == Data::Text;
                }
                match (self.message.take(), header.is_final) {
                    (None, true) => receive(message(self.is_text, payload)?),
                    (fragments, is_final) => {
                        let mut fragments = fragments.unwrap_or_default();
                        fragments.extend_from_slice(payload);
                        if is_final {
                            receive(message(self.is_text, &fragments)?)
                        } else {
                            self.message = Some(fragments);
                            true
                        }
                    }
                }
            }
        })
    }
}

fn message(is_text: bool, payload: &[u8]) -> Result<Incoming<'_>, Fault> {
    Ok(if is_text { Incoming::Text(text(payload)?) } else { Incoming::Binary(payload) })
}

fn text(payload: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(payload).map_err(|_| Fault::Text)
}

/// The code of a close frame, with which it is answered (section 5.5.1).
fn close_code(payload: &[u8]) -> Result<CloseCode, Fault> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(CloseCode::Status) } else { Err(Fault::Frame) };
    };
    let code = CloseCode::from(u16::from_be_bytes(*code));
    text(reason)?;
    if code.is_allowed() { Ok(code) } else { Err(Fault::Frame) }
}

/// Undoes a client's masking (section 5.3), eight bytes at a time.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests;
