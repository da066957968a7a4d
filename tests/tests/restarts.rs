//! Rooms that are stored: what clients find after the process was ended or killed, and when a store
//! can't be used.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{Client, Edge, Events, Finished, Program, Request, Room, message};
use serde_json::{Value, json};

/// A directory for a store, which is removed when it is dropped.
struct Data(PathBuf);

impl Data {
    fn new(test: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("restarts-{test}"));
        // It is there if a former run was cut off.
        drop(std::fs::remove_dir_all(&path));
        Self(path)
    }

    async fn serve(&self, more: &[&str]) -> Program {
        let data = self.0.to_str().expect("a path in UTF-8");
        Program::start(&[&["--data", data], more].concat()).await
    }

    /// A server on this directory that is expected not to start.
    async fn refused(&self, more: &[&str]) -> Finished {
        let mut command = Program::command();
        command.args(["--listen", "127.0.0.1:0", "--data"]).arg(&self.0).args(more);
        Program::run(command).await
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Ends a server with a signal.
async fn end(mut program: Program, signal: &str) {
    program.signal(signal).await;
    let expected = if signal == "KILL" { None } else { Some(0) };
    assert_eq!(program.exit_code().await, expected);
}

async fn state(room: &mut Room, id: u64, key: &str, number: u64) {
    room.owner.send(json!({"id": id, "funcKey": key, "funcParams": [number], "stateMessage": true})).await;
    while room.owner.next().await["ack"] != id {}
}

/// Claims a room as the same session, which has heard nothing yet. Returns the reply.
async fn claim(address: &str, room: &Room) -> (Client, Value) {
    let mut owner = Client::connect(address).await;
    let mut claim = message::session_claim(&room.uuid, &room.key, "first");
    claim["ack"] = 0.into();
    owner.send(claim).await;
    let reply = owner.next().await;
    (owner, reply)
}

#[tokio::test]
async fn a_room_is_the_same_after_a_kill_and_after_an_orderly_end() {
    for signal in ["KILL", "TERM"] {
        for sync in ["disk", "os"] {
            let data = Data::new(&format!("same-{signal}-{sync}"));
            let program = data.serve(&["--sync", sync]).await;
            let mut room = Room::open(&program.address).await;
            room.act(1, 3).await;
            state(&mut room, 4, "page", 7).await;
            end(program, signal).await;

            let program = data.serve(&["--sync", sync]).await;
            room.address.clone_from(&program.address);
            // A follower that has heard two actions goes on with the third.
            let mut follower = room.rejoin(2).await;
            let page = json!({"seq": 4, "funcKey": "page", "funcParams": [7], "stateMessage": true});
            follower.hears(&json!({"seq": 3, "funcKey": "act"})).await;
            follower.hears(&page).await;
            // A new one gets the state.
            let mut newcomer = room.join().await;
            newcomer.hears(&page).await;
            newcomer.hears(&json!({"synced": 4})).await;
            // The owner's key and ids are known, and the next epoch is in force.
            let (mut owner, reply) = claim(&program.address, &room).await;
            assert_eq!((&reply["epoch"], &reply["ack"]), (&json!(2), &json!(4)), "{reply}");
            while owner.next().await["ack"] != 4 {}
            owner.send(message::numbered(4, "twice")).await;
            owner.send(message::numbered(5, "next")).await;
            while owner.next().await["ack"] != 5 {}
            while follower.next().await != json!({"seq": 5, "funcKey": "next"}) {}
        }
    }
}

#[tokio::test]
async fn a_closed_room_stays_closed_whoever_closed_it() {
    let data = Data::new("closed");
    let program = data.serve(&[]).await;
    let mut by_owner = Room::open(&program.address).await;
    let by_request = Edge::open(&program.address).await;
    let mut open = Edge::open(&program.address).await;
    by_owner.owner.send(message::close(&by_owner.uuid)).await;
    assert_eq!(by_owner.owner.rest().await.1, CloseCode::RoomClosed.value());
    let closed =
        by_request.send(&Request::new("DELETE", &by_request.path("")).bearing(&by_request.key)).await;
    assert_eq!(closed.status, 204);
    end(program, "KILL").await;

    let program = data.serve(&[]).await;
    for uuid in [&by_owner.uuid, &by_request.uuid] {
        let mut follower = Client::connect(&program.address).await;
        follower.send(message::session_join(uuid)).await;
        follower.is_refused("unknown_room").await;
    }
    open.address.clone_from(&program.address);
    assert_eq!(open.act("here").await, 1, "a room that nobody closed is there");
}

#[tokio::test]
async fn a_room_whose_owner_stayed_away_for_too_long_is_not_restored() {
    let data = Data::new("grace");
    let program = data.serve(&[]).await;
    let edge = Edge::open(&program.address).await;
    end(program, "TERM").await;
    let program = data.serve(&["--owner-grace-ms", "1"]).await;
    // Until the end is stored, the room is not gone for good.
    rtbroadcaster_tests::eventually(&json!("unknown_room"), async || {
        let gone = Request::get(&edge.path("/events")).send(&program.address).await;
        gone.json()["error"]["code"].clone()
    })
    .await;
}

#[tokio::test]
async fn a_post_that_is_repeated_after_a_kill_is_taken_once() {
    let data = Data::new("post");
    let program = data.serve(&[]).await;
    let mut edge = Edge::open(&program.address).await;
    let post = edge.post(&json!({"funcKey": "act"})).with("Idempotency-Key", "program:1");
    assert_eq!(edge.send(&post).await.json()["seq"], 1);
    end(program, "KILL").await;
    let program = data.serve(&[]).await;
    edge.address.clone_from(&program.address);
    assert_eq!(edge.send(&post).await.json()["seq"], 1, "the same answer");
    assert_eq!(edge.act("next").await, 2);
}

#[tokio::test]
async fn an_owner_without_a_websocket_claims_its_room_after_a_kill() {
    let data = Data::new("claim");
    let program = data.serve(&[]).await;
    let mut edge = Edge::open(&program.address).await;
    edge.act("before").await;
    end(program, "KILL").await;
    let program = data.serve(&[]).await;
    edge.address.clone_from(&program.address);
    let claim =
        edge.events().with("Rtbroadcaster-Owner-Key", &edge.key).at(&edge.path("/events?session=page"));
    let mut owner = Events::open(&claim, &edge.address).await;
    let reply = owner.message().await;
    assert_eq!((&reply["epoch"], &reply["seq"]), (&json!(2), &json!(1)), "{reply}");
    assert_eq!(edge.act("after").await, 2);
}

#[tokio::test]
async fn a_second_server_on_the_same_directory_is_told_who_has_it() {
    let data = Data::new("second");
    let program = data.serve(&[]).await;
    let refused = data.refused(&[]).await;
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains(&program.process_id().to_string()), "{}", refused.stderr);
    let room = Room::open(&program.address).await;
    room.join_synced(0).await;
}

#[tokio::test]
async fn a_server_that_may_have_fewer_rooms_than_are_stored_does_not_start_and_loses_none() {
    let data = Data::new("fewer");
    let program = data.serve(&[]).await;
    let rooms = [Room::open(&program.address).await, Room::open(&program.address).await];
    end(program, "TERM").await;
    let refused = data.refused(&["--rooms", "1"]).await;
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("--rooms"), "{}", refused.stderr);
    let program = data.serve(&[]).await;
    for room in &rooms {
        let mut follower = Client::connect(&program.address).await;
        follower.send(message::session_join(&room.uuid)).await;
        assert_eq!(follower.next().await["status"]["value"], 3);
    }
}

/// A small file system in memory, which is unmounted when it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None if this user may not mount.
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).expect("a directory for a test");
        let disk = Self(at.to_owned());
        disk.run("mount", &["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).then_some(disk)
    }

    fn enlarge(&self) {
        assert!(self.run("mount", &["-o", "remount,size=64m"]));
    }

    fn run(&self, program: &str, arguments: &[&str]) -> bool {
        let status = Command::new(program).args(arguments).arg(&self.0).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The server that was killed last may not be gone yet.
        self.run("umount", &["--lazy"]);
    }
}

#[tokio::test]
async fn a_full_disk_ends_the_server_and_nothing_that_was_acknowledged_is_lost() {
    for sync in ["disk", "os"] {
        let data = Data::new(&format!("full-{sync}"));
        let Some(disk) = SmallDisk::mount(&data.0) else {
            eprintln!("skipped: this user may not mount a file system");
            return;
        };
        let log = data.0.with_extension("log");
        let mut command = Program::command();
        command.args(["--listen", "127.0.0.1:0", "--sync", sync, "--data"]).arg(&data.0);
        let mut program = Program::logging(command, &log).await;
        let edge = Edge::open(&program.address).await;
        let mut follower = edge.follow_from(0).await;
        let post = edge.post(&json!({"funcKey": "act", "funcParams": ["x".repeat(20_000)]}));
        let mut acknowledged = 0;
        let refused = loop {
            let answer = edge.send(&post).await;
            if answer.status != 200 {
                break answer;
            }
            acknowledged += 1;
            assert_eq!(follower.seq().await, acknowledged);
        };
        refused.is_refused(503, "shutting_down");
        assert_eq!(program.exit_code().await, Some(1));
        let said = std::fs::read_to_string(&log).unwrap();
        assert!(said.contains("the disk is full: free some space"), "{said}");

        disk.enlarge();
        let program = data.serve(&[]).await;
        let mut follower = Events::open(&edge.events(), &program.address).await;
        while follower.message().await.get("synced").is_none_or(|head| *head != acknowledged) {}
    }
}

#[tokio::test]
async fn a_choice_of_sync_without_a_directory_is_refused() {
    let mut command = Program::command();
    command.args(["--sync", "os"]);
    let refused = Program::run(command).await;
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("server.data"), "{}", refused.stderr);
}
