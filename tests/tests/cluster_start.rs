//! What a node finds at its start: NATS servers that let it in or not, with JetStream or without,
//! and streams that are there or not. Each fault is told with what to do.

use std::path::Path;

use rtbroadcaster::{ClusterError, ClusterReport, ClusterSettings, Manager, Settings, check_cluster};
use rtbroadcaster_tests::cluster::{NatsCluster, NatsPlan, free_address, stream};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

const GRACE_MS: u64 = 600_000;

/// Bytes of a stream.
const BYTES: u64 = 1 << 20;

/// NATS servers with this text in their configuration. None if the test is skipped.
async fn nats(servers: usize, configuration: &str) -> Option<NatsCluster> {
    NatsCluster::start_as(NatsPlan::new(servers).configured(configuration)).await
}

/// The settings of a node on these servers, without replicas.
fn node(nats: &NatsCluster) -> ClusterSettings {
    settings(&nats.urls())
}

fn settings(urls: &str) -> ClusterSettings {
    let servers = urls.split(',').map(|url| url.parse().expect("an address"));
    ClusterSettings::new(servers).with(|cluster| {
        cluster.replicas = 1;
        // Servers promise this space to each stream, and several tests run beside each other.
        cluster.stream_bytes = BYTES;
    })
}

/// The same servers, with a user before their hosts.
fn node_as(nats: &NatsCluster, user: &str) -> ClusterSettings {
    settings(&nats.urls().replace("nats://", &format!("nats://{user}@")))
}

async fn check(settings: &ClusterSettings) -> Result<ClusterReport, ClusterError> {
    check_cluster(settings, GRACE_MS).await
}

/// Starts a node whose owners may be away for this long.
async fn start(settings: &ClusterSettings, owner_grace_ms: u64) -> Result<(), ClusterError> {
    let rooms = Settings::default().with(|settings| settings.limits.owner_grace_ms = owner_grace_ms);
    Manager::with_cluster(rooms, settings).await.map(drop)
}

/// The message of an error, which has all of these texts in it, and no password.
fn told(error: &ClusterError, texts: &[&str]) {
    let message = error.to_string();
    for text in texts {
        assert!(message.contains(text), "{text} in {message}");
    }
    assert!(!message.contains("hush") && !format!("{error:?}").contains("hush"), "{message}");
}

/// A file of the tests.
fn fixture(name: &str) -> String {
    format!("{}/fixtures/nats/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test]
async fn streams_are_created_once_whoever_comes_first() {
    let Some(nats) = nats(3, "").await else { return };
    let settings = node(&nats).with(|cluster| cluster.replicas = 3);
    let before = check(&settings).await.expect("nothing is wrong");
    assert_eq!((before.created.len(), before.kept.len()), (9, 0));
    assert_eq!(nats.streams().await.len(), 0, "a check creates nothing");

    let node = || start(&settings, GRACE_MS);
    let (one, two, three) = tokio::join!(node(), node(), node());
    one.and(two).and(three).expect("all of them start");
    let after = check(&settings).await.expect("nothing is wrong");
    assert_eq!((after.created.len(), after.kept.len()), (0, 9));
    assert_eq!(nats.streams().await.len(), 9);
    let there = nats.stream("RTBROADCASTER_5").await.expect("it is there")["config"].clone();
    assert_eq!(there["num_replicas"], 3);
    assert_eq!(there["discard"], "new");
    assert_eq!(there["max_age"], 1_800_000_000_000_u64);
    assert_eq!(there["republish"]["dest"], "rtbroadcaster.live.{{wildcard(1)}}.{{wildcard(2)}}");

    let other = settings.clone().with(|cluster| cluster.name = "other-rooms".to_owned());
    start(&other, GRACE_MS).await.expect("another cluster beside it");
    assert!(nats.stream("OTHER_ROOMS_0").await.is_some());

    // A cluster of three has no five servers.
    let five = settings.with(|cluster| {
        cluster.name = "five".to_owned();
        cluster.replicas = 5;
    });
    let error = start(&five, GRACE_MS).await.expect_err("too few servers");
    assert!(matches!(error, ClusterError::TooFewServers { replicas: 5, .. }), "{error}");
    let large = five.with(|cluster| {
        cluster.replicas = 3;
        cluster.stream_bytes = 1 << 60;
    });
    let error = start(&large, GRACE_MS).await.expect_err("no space");
    assert!(matches!(error, ClusterError::NoSpace { .. }), "{error}");
    told(&error, &["1152921504606846976", "max_file_store", "--nats-stream-bytes"]);
}

#[tokio::test]
async fn a_stream_with_other_settings_is_told_and_never_changed() {
    let Some(nats) = nats(1, "").await else { return };
    let settings = node(&nats);
    start(&settings, GRACE_MS).await.expect("a node starts");
    let there = nats.stream("RTBROADCASTER_0").await.expect("it is there")["config"].clone();

    let other = settings.clone().with(|cluster| cluster.stream_bytes = 1 << 25);
    let error = start(&other, 1_200_000).await.expect_err("other settings");
    told(
        &error,
        &[
            "RTBROADCASTER_0, RTBROADCASTER_1",
            "RTBROADCASTER_7",
            "max_bytes is 1048576 and should be 33554432",
            "max_age is 1800000 ms and should be 3600000 ms",
            "nats stream edit STREAM --max-bytes=33554432 --max-age=3600000ms",
        ],
    );
    assert_eq!(nats.stream("RTBROADCASTER_0").await.expect("it is there")["config"], there);

    // What an operator may choose.
    nats.change("RTBROADCASTER_0", &json!({"compression": "s2", "metadata": {"a": "b"}})).await;
    check(&settings).await.expect("nothing is wrong");
    let changes = json!({"discard": "old", "allow_direct": false, "max_msgs_per_subject": 5});
    nats.change("RTBROADCASTER_3", &changes).await;
    let error = check(&settings).await.expect_err("another stream");
    told(
        &error,
        &[
            "stream RTBROADCASTER_3 is there",
            "discard is old and should be new",
            "allow_direct is false and should be true",
            "max_msgs_per_subject is 5 and should be unlimited",
            "nats stream edit RTBROADCASTER_3 --max-msgs-per-subject=-1 --discard=new --allow-direct",
        ],
    );

    nats.delete("RTBROADCASTER_3").await;
    let mut memory = stream("RTBROADCASTER_3", &["rtbroadcaster.log.3.>"]);
    memory["storage"] = json!("memory");
    nats.create(&memory).await;
    let error = check(&settings).await.expect_err("a stream in memory");
    told(
        &error,
        &["storage is memory and should be file", "--cluster-name", "nats stream rm RTBROADCASTER_3"],
    );
}

#[tokio::test]
async fn a_subject_that_another_stream_has_is_told_with_that_stream() {
    let Some(nats) = nats(1, "").await else { return };
    nats.create(&stream("EVERYTHING", &["rtbroadcaster.log.3.*.*"])).await;
    for error in [
        check(&node(&nats)).await.map(drop).expect_err("its subject is taken"),
        start(&node(&nats), GRACE_MS).await.expect_err("its subject is taken"),
    ] {
        told(&error, &["EVERYTHING", "rtbroadcaster.log.3.>", "RTBROADCASTER_3", "--cluster-name"]);
    }
    assert_eq!(nats.streams().await, ["EVERYTHING"]);
}

#[tokio::test]
async fn a_server_alone_keeps_no_replicas_and_no_more_than_fits() {
    let Some(nats) = nats(1, "").await else { return };
    let three = node(&nats).with(|cluster| cluster.replicas = 3);
    for error in [
        check(&three).await.map(drop).expect_err("too few servers"),
        start(&three, GRACE_MS).await.expect_err("too few servers"),
    ] {
        assert!(matches!(error, ClusterError::TooFewServers { replicas: 3, .. }), "{error}");
        told(&error, &["--nats-replicas"]);
    }
    let large = node(&nats).with(|cluster| cluster.stream_bytes = 1 << 60);
    let error = start(&large, GRACE_MS).await.expect_err("no space");
    assert!(matches!(error, ClusterError::NoSpace { .. }), "{error}");
}

#[tokio::test]
async fn a_node_needs_a_user_that_the_servers_know() {
    let users = "authorization { users: [{ user: me, password: \"hush/hush\" }] }\n";
    let Some(nats) = nats(1, users).await else { return };
    check(&node_as(&nats, "me:hush%2Fhush")).await.expect("it is let in");
    for (settings, user) in [
        (node(&nats), "a node without a user"),
        (node_as(&nats, "me:hush"), "the user in cluster.nats"),
        (node_as(&nats, "hush"), "the token in cluster.nats"),
    ] {
        let error = check(&settings).await.expect_err("it is refused");
        assert!(matches!(error, ClusterError::Refused { .. }), "{error}");
        told(&error, &[user, &nats.servers[0].address]);
    }
}

#[tokio::test]
async fn a_token_lets_a_node_in() {
    let Some(nats) = nats(1, "authorization { token: hush }\n").await else { return };
    check(&node_as(&nats, "hush")).await.expect("it is let in");
}

#[tokio::test]
async fn credentials_let_a_node_in_as_far_as_its_account_goes() {
    let operator = std::fs::read_to_string(fixture("operator.conf")).expect("a file of the tests");
    let Some(nats) = nats(1, &operator).await else { return };
    let path = fixture("node.creds");
    let small = node(&nats).with(|cluster| {
        cluster.credentials = Some(path.clone().into());
    });
    start(&small, GRACE_MS).await.expect("a node starts");
    let large = small.with(|cluster| {
        cluster.name = "large".to_owned();
        cluster.stream_bytes = 1 << 28;
    });
    for error in [
        check(&large).await.map(drop).expect_err("the account may have 1 GiB"),
        start(&large, GRACE_MS).await.expect_err("the account may have 1 GiB"),
    ] {
        assert!(matches!(error, ClusterError::AccountLimit { .. }), "{error}");
        told(&error, &[&path, "--nats-stream-bytes"]);
    }
    let error = check(&node(&nats)).await.expect_err("it is refused");
    assert!(matches!(error, ClusterError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn jetstream_must_be_on_for_the_node_and_the_node_allowed_to_use_it() {
    let accounts = "accounts {\n  WITH { jetstream: { max_streams: 4 }, users: [\n    { user: with, password: hush }\n    \
                    { user: less, password: hush, permissions: { publish: \"rtbroadcaster.>\" } } ] }\n  \
                    WITHOUT { users: [{ user: without, password: hush }] }\n}\n";
    let Some(nats) = nats(1, accounts).await else { return };
    let error = check(&node_as(&nats, "without:hush")).await.expect_err("no JetStream");
    assert!(matches!(error, ClusterError::NoJetStreamForAccount { .. }), "{error}");
    let error = check(&node_as(&nats, "less:hush")).await.expect_err("no right to ask");
    assert!(matches!(error, ClusterError::Forbidden { .. }), "{error}");
    told(&error, &["$JS.API.>", "rtbroadcaster.>"]);
    let error = check(&node_as(&nats, "with:hush")).await.expect_err("too few streams");
    assert!(matches!(error, ClusterError::AccountLimit { .. }), "{error}");
    told(&error, &["9 streams are needed, and 4 allowed"]);
}

#[tokio::test]
async fn a_server_without_jetstream_is_told() {
    let Some(nats) = nats(1, "jetstream: disabled\n").await else { return };
    let error = check(&node(&nats)).await.expect_err("no JetStream");
    assert!(matches!(error, ClusterError::NoJetStream { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_takes_small_messages_only_is_told() {
    let Some(nats) = nats(1, "max_payload: 65535\n").await else { return };
    let error = check(&node(&nats)).await.expect_err("small messages");
    assert!(matches!(error, ClusterError::SmallPayload { max_payload: 65_535, .. }), "{error}");
}

#[tokio::test]
async fn an_old_server_is_told() {
    // None is had from where the others come from, so this one only says that it is old.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it listens").to_string();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a node connects");
        let mut stream = BufReader::new(stream);
        let info = "INFO {\"version\":\"2.10.29\",\"max_payload\":1048576,\"jetstream\":true}\r\n";
        stream.write_all(info.as_bytes()).await.expect("it reads");
        let mut line = String::new();
        while stream.read_line(&mut line).await.is_ok_and(|bytes| bytes > 0) {
            if line.starts_with("PING") {
                stream.write_all(b"PONG\r\n").await.expect("it reads");
            }
            line.clear();
        }
    });
    let error = check(&settings(&address)).await.expect_err("an old server");
    assert!(matches!(error, ClusterError::OldServer { .. }), "{error}");
    told(&error, &["2.10.29", "2.11"]);
}

#[tokio::test]
async fn servers_that_nobody_has_started_are_told() {
    let (one, two) = (free_address(), free_address());
    let error = check(&settings(&format!("{one},me:hush@{two}"))).await.expect_err("nobody is there");
    assert!(matches!(error, ClusterError::Unreachable { .. }), "{error}");
    told(&error, &[&one, &two, "refused"]);
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_told_before_anything_else() {
    let nobody = || settings("127.0.0.1:1");
    let wrong = fixture("operator.conf");
    let missing = fixture("there-is-none");
    let faults = |path: &str| {
        let path = Path::new(path).to_owned();
        let other = path.clone();
        let pair = |cluster: &mut ClusterSettings| {
            cluster.tls_certificate = Some(other.clone());
            cluster.tls_key = Some(other);
        };
        [
            nobody().with(|cluster| cluster.credentials = Some(path.clone())),
            nobody().with(|cluster| cluster.tls_ca = Some(path)),
            nobody().with(pair),
        ]
    };
    for settings in faults(&missing) {
        let error = check(&settings).await.expect_err("no such file");
        assert!(matches!(error, ClusterError::Unreadable { .. }), "{error}");
        told(&error, &[&missing]);
    }
    for settings in faults(&wrong) {
        let error = check(&settings).await.expect_err("not that kind of file");
        assert!(matches!(error, ClusterError::WrongFile { .. }), "{error}");
        told(&error, &[&wrong]);
    }
}
