//! Who is told how many follow, and when.

use super::*;

#[test]
fn the_owner_is_sent_the_audience_at_most_once_a_second() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let mut first = session_follower(&mut host);
    assert_eq!(drain(&mut owner, &mut host), Vec::<String>::new());
    host.tick(Timestamp(1_000));
    assert_eq!(drain(&mut owner, &mut host), [r#"{"audience":{"connected":1,"lagging":0}}"#]);
    let _second = session_follower(&mut host);
    host.tick(Timestamp(1_999));
    assert_eq!(drain(&mut owner, &mut host), Vec::<String>::new());
    host.tick(Timestamp(2_000));
    assert_eq!(drain(&mut owner, &mut host), [r#"{"audience":{"connected":2,"lagging":0}}"#]);
    send(&mut owner, &mut host, r#"{"funcKey":"a"}"#);
    assert_eq!(drain(&mut first, &mut host).len(), 1, "followers get no audience unless the owner shares it");
    for now in [3_000, 4_000] {
        host.tick(Timestamp(now));
    }
    assert_eq!(drain(&mut owner, &mut host), [r#"{"audience":{"connected":2,"lagging":1}}"#]);
}

#[test]
fn followers_are_sent_the_audience_if_the_owner_shares_it() {
    let mut host = host();
    let mut owner = Peer::default();
    send(&mut owner, &mut host, r#"{"status":{"value":1},"v":2,"shareAudience":true}"#);
    let mut follower = session_follower(&mut host);
    host.tick(Timestamp(1_000));
    assert_eq!(drain(&mut follower, &mut host), [r#"{"audience":{"connected":1,"lagging":0}}"#]);
}
