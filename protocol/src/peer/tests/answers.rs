//! How much a client is answered at most.

use super::*;

#[test]
fn junk_is_answered_by_a_bounded_number_of_refusals() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let mut follower = session_follower(&mut host);
    for junk in [r#"{"clear":"a"}"#, r#"{"id":1,"funcKey":"a"}"#, "{}"] {
        for peer in [&mut Peer::default(), &mut follower] {
            let received = send(peer, &mut host, &junk.repeat(1_000));
            assert_eq!(received.len(), MAX_REFUSALS_PER_FRAME + 1, "{junk}");
            assert!(received[MAX_REFUSALS_PER_FRAME].contains("the rest of this frame was not read"));
        }
    }
    let numbered: String = (1..=100).map(|id| format!(r#"{{"id":{id},"funcKey":7}}"#)).collect();
    assert_eq!(
        send(&mut owner, &mut host, &numbered).len(),
        100,
        "an owner's numbered actions are all answered"
    );
}

#[test]
fn many_answers_come_in_frames_of_bounded_size() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let numbered: String = (1..=2_000).map(|id| format!(r#"{{"id":{id},"funcKey":7}}"#)).collect();
    owner.receive_frame(&numbered, Timestamp(0), &mut host);
    let (mut frame, mut frames, mut bytes) = (Frame::default(), 0, 0);
    while owner.poll_output(&mut frame, &mut host) == PeerOutput::Send {
        assert!(frame.len() <= 64 * 1024);
        bytes += frame.len();
        frames += 1;
    }
    assert!(frames > 1 && bytes > 64 * 1024);
}
