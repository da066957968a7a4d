//! The settings of a cluster, and what `rtbroadcaster check` says of it.

use std::fs;
use std::path::PathBuf;

use rtbroadcaster::{ClusterSettings, Manager, Settings};
use rtbroadcaster_tests::cluster::{NatsCluster, NatsPlan, free_address};
use rtbroadcaster_tests::{Finished, Program};

/// Servers promise this space to each stream, and several tests run beside each other.
const BYTES: &str = "--nats-stream-bytes=1048576";

/// Runs the program. Nothing that it prints has the word `hush` in it.
async fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Finished {
    let mut command = Program::command();
    command.args(arguments).envs(environment.iter().copied());
    let finished = Program::run(command).await;
    assert!(!finished.stdout.contains("hush") && !finished.stderr.contains("hush"), "{finished:?}");
    finished
}

/// The one line that a command complains with, which ends with this exit code.
async fn complaint(arguments: &[&str], environment: &[(&str, &str)], code: i32) -> String {
    let finished = run(arguments, environment).await;
    assert_eq!(finished.code, Some(code), "{finished:?}");
    let line = finished.stderr.strip_prefix("error: ").and_then(|line| line.strip_suffix('\n'));
    let line = line.unwrap_or_else(|| panic!("an error in {finished:?}"));
    assert!(!line.contains('\n'), "{line}");
    line.to_owned()
}

#[tokio::test]
async fn a_check_says_what_a_node_would_do_and_does_nothing() {
    let users = "authorization { users: [{ user: me, password: hush }] }\n";
    let Some(nats) = NatsCluster::start_as(NatsPlan::new(1).configured(users)).await else { return };
    let url = nats.urls().replace("nats://", "nats://me:hush@");
    let checked = run(&["check", "--nats", &url, "--nats-replicas=1", BYTES], &[]).await;
    assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), ""));
    let lines: Vec<_> = checked.stdout.lines().collect();
    assert_eq!(lines[0], "the configuration: nothing is wrong");
    assert!(
        lines[1].starts_with("NATS server n0 (2.") && lines[1].ends_with("standing alone, answers"),
        "{lines:?}"
    );
    assert!(lines[2].starts_with("to be created at the start: RTBROADCASTER_0, "), "{lines:?}");
    assert_eq!(lines[3], "each stream: on 1 server, at most 1048576 bytes, orphaned rooms for 1800 s");
    assert_eq!(lines.len(), 4);

    // The same, from a file and the environment.
    let settings = ClusterSettings::new([url.parse().expect("an address")]).with(|cluster| {
        cluster.replicas = 1;
        cluster.stream_bytes = 1 << 20;
    });
    Manager::with_cluster(Settings::default(), &settings).await.expect("a node starts");
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cluster.toml");
    fs::write(&path, "[cluster]\nnats-replicas = 1\nnats-stream-bytes = 1048576\n")
        .expect("a file in target/tmp");
    let path = path.to_str().expect("a path in UTF-8");
    let checked = run(&["check", path], &[("RTBROADCASTER_NATS", &url)]).await;
    assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), ""));
    assert!(checked.stdout.contains("\nthere already: RTBROADCASTER_0, "), "{}", checked.stdout);
    assert!(!checked.stdout.contains("created"), "{}", checked.stdout);

    let other = ["check", "--nats", &url, "--nats-replicas=1", BYTES, "--owner-grace-ms=60000"];
    let told = complaint(&other, &[], 1).await;
    assert!(told.contains("max_age is 1800000 ms and should be 180000 ms"), "{told}");
    let three = complaint(&["check", "--nats", &url, "--cluster-name=other"], &[], 1).await;
    assert!(three.contains("too few NATS servers with JetStream for 3 replicas"), "{three}");
}

#[tokio::test]
async fn servers_that_do_not_answer_are_named() {
    let address = free_address();
    let told = complaint(&["check", "--nats", &format!("me:hush@{address}")], &[], 1).await;
    assert!(told.starts_with("none of the NATS servers answered within 10 s"), "{told}");
    assert!(told.contains(&format!("nats://(hidden)@{address}")), "{told}");
}

#[tokio::test]
async fn secrets_in_an_address_are_not_shown() {
    let shown = run(&["config", "--nats", "tls://me:hush@a,b"], &[]).await;
    assert_eq!(shown.code, Some(0));
    let line = "nats = [\"tls://(hidden)@a:4222\", \"nats://b:4222\"] # flag --nats";
    assert!(shown.stdout.lines().any(|other| other == line), "{}", shown.stdout);
    let told = complaint(&["check", "--nats", "nats://me:hush@a/path"], &[], 2).await;
    assert!(told.starts_with("--nats: must be the address of a NATS server"), "{told}");
}

#[tokio::test]
async fn what_cannot_be_together_is_refused_before_anything_is_connected() {
    const SECRET: &str = "hush-hush-hush-hush-hush-hush-hush";
    let nats = "cluster.nats (nats://a:4222, flag --nats)";
    for (arguments, environment, expected) in [
        (
            &["--nats=a", "--data=rooms"][..],
            &[][..],
            format!("server.data (rooms, flag --data): the rooms are either stored here or in a cluster: leave it out, or {nats}"),
        ),
        (
            &["--nats=a"],
            &[("RTBROADCASTER_REOPEN_SECRET", SECRET)],
            format!(
                "access.reopen-secret (environment RTBROADCASTER_REOPEN_SECRET): rooms of a cluster outlive each of its \
                 servers, and closed ones must not come back: leave it out, or {nats}"
            ),
        ),
        (
            &["--nats-replicas=1"],
            &[],
            "cluster.nats-replicas (flag --nats-replicas): no rooms are kept in a cluster without cluster.nats: set it too"
                .to_owned(),
        ),
        (
            &["--nats=a", "--nats-key=key.pem"],
            &[],
            format!(
                "{nats}: the NATS servers are shown a certificate together with its key: set both of \
                 cluster.nats-certificate and cluster.nats-key, or neither"
            ),
        ),
        (
            &["--nats=me:hush@a,you:hush@b"],
            &[],
            "cluster.nats (nats://(hidden)@a:4222,nats://(hidden)@b:4222, flag --nats): the addresses of the NATS servers \
             (cluster.nats) name several users: a node is one user on all servers"
                .to_owned(),
        ),
    ] {
        for command in [&["check"][..], &[]] {
            let told = complaint(&[command, arguments].concat(), environment, 2).await;
            assert_eq!(told, expected, "{arguments:?}");
        }
    }
}

#[tokio::test]
async fn a_wrong_value_is_told_with_what_it_must_be() {
    for (flag, expected) in [
        ("--cluster-name=My_Rooms", "it must have 1 to 32 of a to z, 0 to 9 and -"),
        ("--node-name=a\nb", "it must have 1 to 64 characters, all of them visible"),
        ("--nats-replicas=6", "must be a whole number from 1 to 5"),
        ("--nats-stream-bytes=1", "must be a whole number from 1048576 to 9223372036854775807"),
        ("--nats=http://a", "must be the address of a NATS server"),
    ] {
        let told = complaint(&["check", "--nats=a", flag], &[], 2).await;
        assert!(told.contains(expected), "{told}");
    }
}
