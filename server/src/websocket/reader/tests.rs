use proptest::prelude::*;
use tungstenite::protocol::frame::Frame;

use super::*;

const LIMIT: usize = 1_000;

/// What the reader passes on, as owned values.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Received {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(u16),
}

fn keep(incoming: &Incoming<'_>) -> Received {
    match incoming {
        Incoming::Text(text) => Received::Text((*text).to_owned()),
        Incoming::Binary(bytes) => Received::Binary(bytes.to_vec()),
        Incoming::Ping(payload) => Received::Ping(payload.to_vec()),
        Incoming::Pong => Received::Pong,
        Incoming::Close(code) => Received::Close(u16::from(*code)),
    }
}

/// A frame as a client sends it, rendered by the library that the tests' clients use.
fn frame(opcode: OpCode, payload: &[u8], is_final: bool, mask: u32) -> Vec<u8> {
    let mut payload = payload.to_vec();
    let mask = mask.to_be_bytes();
    unmask(&mut payload, mask);
    let header = FrameHeader { is_final, opcode, mask: Some(mask), ..FrameHeader::default() };
    let mut bytes = Vec::new();
    header.format(payload.len() as u64, &mut bytes).unwrap();
    bytes.extend(payload);
    bytes
}

fn read(reader: &mut Reader, bytes: &[u8]) -> (Vec<Received>, Result<(), Fault>) {
    let mut received = Vec::new();
    let result = reader.feed(&mut bytes.to_vec(), |incoming| {
        received.push(keep(&incoming));
        true
    });
    (received, result)
}

/// The fault in these bytes.
fn fault(bytes: &[u8]) -> Fault {
    read(&mut Reader::new(LIMIT), bytes).1.unwrap_err()
}

#[derive(Debug, Clone)]
enum Sent {
    Text(String, Vec<usize>),
    Binary(Vec<u8>, Vec<usize>),
    Ping(Vec<u8>),
    Pong,
}

fn sent() -> impl Strategy<Value = Sent> {
    prop_oneof![
        ("\\PC{0,80}", proptest::collection::vec(0_usize..80, 0..4))
            .prop_map(|(text, cuts)| Sent::Text(text, cuts)),
        (proptest::collection::vec(any::<u8>(), 0..80), proptest::collection::vec(0_usize..80, 0..4))
            .prop_map(|(bytes, cuts)| Sent::Binary(bytes, cuts)),
        proptest::collection::vec(any::<u8>(), 0..125).prop_map(Sent::Ping),
        Just(Sent::Pong),
    ]
}

fn render_message(
    kind: Data,
    payload: &[u8],
    cuts: &[usize],
    mask: u32,
    bytes: &mut Vec<u8>,
    expected: &mut Vec<Received>,
) {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| (*cut).min(payload.len())).collect();
    cuts.sort_unstable();
    let mut start = 0;
    let mut opcode = OpCode::Data(kind);
    for cut in cuts {
        bytes.extend(frame(opcode, &payload[start..cut], false, mask));
        bytes.extend(frame(OpCode::Control(Control::Ping), b"between", true, mask));
        expected.push(Received::Ping(b"between".to_vec()));
        (start, opcode) = (cut, OpCode::Data(Data::Continue));
    }
    bytes.extend(frame(opcode, &payload[start..], true, mask));
}

/// Renders the frames of a message, with a ping between its fragments.
fn render(sent: &Sent, mask: u32, bytes: &mut Vec<u8>, expected: &mut Vec<Received>) {
    match sent {
        Sent::Text(text, cuts) => {
            render_message(Data::Text, text.as_bytes(), cuts, mask, bytes, expected);
            expected.push(Received::Text(text.clone()));
        }
        Sent::Binary(payload, cuts) => {
            render_message(Data::Binary, payload, cuts, mask, bytes, expected);
            expected.push(Received::Binary(payload.clone()));
        }
        Sent::Ping(payload) => {
            bytes.extend(frame(OpCode::Control(Control::Ping), payload, true, mask));
            expected.push(Received::Ping(payload.clone()));
        }
        Sent::Pong => {
            bytes.extend(frame(OpCode::Control(Control::Pong), b"", true, mask));
            expected.push(Received::Pong);
        }
    }
}

proptest! {
    #[test]
    fn what_was_sent_is_received_wherever_the_network_cuts_it(
        all in proptest::collection::vec(sent(), 0..12),
        mask: u32,
        chunk in 1_usize..300,
    ) {
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for sent in &all {
            render(sent, mask, &mut bytes, &mut expected);
        }
        let mut reader = Reader::new(LIMIT);
        let mut received = Vec::new();
        for chunk in bytes.chunks(chunk) {
            let (more, result) = read(&mut reader, chunk);
            prop_assert_eq!(result, Ok(()));
            received.extend(more);
        }
        prop_assert_eq!(received, expected);
        prop_assert!(reader.rest.capacity() == 0 && reader.message.is_none(), "no memory while nothing is there");
    }

    #[test]
    fn junk_is_a_fault_or_waits_for_more_and_never_takes_more_memory_than_the_limit(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..40),
    ) {
        let mut reader = Reader::new(LIMIT);
        for chunk in &chunks {
            if read(&mut reader, chunk).1.is_err() {
                break;
            }
            prop_assert!(reader.rest.len() <= LIMIT + 14 + 200);
            prop_assert!(reader.message.as_ref().map_or(0, Vec::len) <= LIMIT);
        }
    }
}

#[test]
fn frames_are_read_as_the_library_writes_them() {
    let mut bytes = Vec::new();
    Frame::message("hello", OpCode::Data(Data::Binary), true).format(&mut bytes).unwrap();
    assert_eq!(fault(&bytes), Fault::Frame, "a client's frame must be masked");
    let masked = frame(OpCode::Data(Data::Binary), b"hello", true, 7);
    assert_eq!(read(&mut Reader::new(LIMIT), &masked).0, [Received::Binary(b"hello".to_vec())]);
}

#[test]
fn a_reader_that_is_stopped_continues_later_with_the_rest() {
    let ping = |payload: &[u8]| frame(OpCode::Control(Control::Ping), payload, true, 1);
    let mut bytes = [ping(b"one"), ping(b"two"), ping(b"three")].concat();
    let mut reader = Reader::new(LIMIT);
    let mut received = Vec::new();
    for _ in 0..4 {
        let fed = reader.feed(&mut std::mem::take(&mut bytes), |incoming| {
            received.push(keep(&incoming));
            false
        });
        assert_eq!(fed, Ok(()));
    }
    assert_eq!(received, [&b"one"[..], b"two", b"three"].map(|payload| Received::Ping(payload.to_vec())));
    assert_eq!(reader.rest.capacity(), 0);
}

#[test]
fn a_client_may_close_with_a_code_or_without() {
    let close = |payload: &[u8]| frame(OpCode::Control(Control::Close), payload, true, 1);
    let received = |bytes: Vec<u8>| read(&mut Reader::new(LIMIT), &bytes).0;
    assert_eq!(received(close(&[0x03, 0xe8, b'b', b'y', b'e'])), [Received::Close(1_000)]);
    assert_eq!(received(close(&[])), [Received::Close(1_005)]);
    assert_eq!(fault(&close(&[3])), Fault::Frame, "half a code");
    assert_eq!(fault(&close(&[0x03, 0xed])), Fault::Frame, "1005 is never sent");
    assert_eq!(fault(&close(&[0x03, 0xe8, 0xff])), Fault::Text, "the reason is text");
}

#[test]
fn a_frame_that_no_client_may_send_is_a_fault() {
    let text = OpCode::Data(Data::Text);
    let fragment = frame(text, b"a", false, 1);
    assert_eq!(fault(&[fragment.clone(), fragment].concat()), Fault::Frame, "two messages at once");
    assert_eq!(fault(&frame(OpCode::Data(Data::Continue), b"a", true, 1)), Fault::Frame);
    assert_eq!(fault(&frame(OpCode::Control(Control::Ping), b"a", false, 1)), Fault::Frame);
    assert_eq!(fault(&frame(OpCode::Control(Control::Ping), &[0; 126], true, 1)), Fault::Frame);
    assert_eq!(fault(&frame(text, &[0xff], true, 1)), Fault::Text);
    for reserved in [0x40, 0x20, 0x10, 0x03, 0x0b] {
        let mut bytes = frame(text, b"a", true, 1);
        bytes[0] = (bytes[0] & 0xf0) | reserved;
        assert_eq!(fault(&bytes), Fault::Frame, "{reserved:#x}");
    }
}

#[test]
fn a_message_above_the_limit_is_a_fault_as_soon_as_its_length_is_known() {
    let text = OpCode::Data(Data::Text);
    let just = frame(text, &[b'a'; LIMIT], true, 1);
    assert_eq!(read(&mut Reader::new(LIMIT), &just).0.len(), 1);
    let above = frame(text, &[b'a'; LIMIT + 1], true, 1);
    assert_eq!(fault(&above[..8]), Fault::Size);
    let together =
        [frame(text, &[b'a'; LIMIT], false, 1), frame(OpCode::Data(Data::Continue), b"b", true, 1)];
    assert_eq!(fault(&together.concat()), Fault::Size);
    let huge = [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    assert_eq!(fault(&huge), Fault::Size);
}
