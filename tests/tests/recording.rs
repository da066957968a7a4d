//! Recordings over real sockets, on real disks: what is in them, who gets them, and what is left
//! when a server was killed.

use std::path::PathBuf;

use rtbroadcaster_tests::{Client, Edge, Program, Request, Response, Room, message, until};
use serde_json::{Value, json};

/// A directory for recordings and one for a store, which are removed when it is dropped.
struct Disk(PathBuf);

impl Disk {
    fn new(test: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("recording-{test}"));
        // It is there if a former run was cut off.
        drop(std::fs::remove_dir_all(&path));
        Self(path)
    }

    fn path(&self, folder: &str) -> String {
        self.0.join(folder).to_str().expect("a path in UTF-8").to_owned()
    }

    async fn serve(&self, more: &[&str]) -> Program {
        Program::start(&[&["--recordings", &self.path("recordings")], more].concat()).await
    }

    fn file(&self, uuid: &str, part: u64) -> PathBuf {
        self.0.join("recordings").join(format!("{uuid}-{part}.ndjson"))
    }

    /// The lines of a recording, without its first.
    fn lines(&self, uuid: &str, part: u64) -> Vec<Value> {
        let text = std::fs::read_to_string(self.file(uuid, part)).expect("a recording");
        assert!(text.ends_with('\n'), "{text}");
        lines_of(&text)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// The lines of a recording, without its first, and without their times.
fn lines_of(text: &str) -> Vec<Value> {
    let mut before = 0;
    let lines = text.lines().skip(1).map(|line| {
        let mut line: Value = serde_json::from_str(line).expect("each line is JSON");
        let t = line.as_object_mut().and_then(|line| line.remove("t")).and_then(|t| t.as_u64());
        let t = t.unwrap_or_else(|| panic!("each line has a time, and {line} has none"));
        assert!(t >= before, "time runs forwards");
        before = t;
        line
    });
    lines.collect()
}

/// Opens a room with these fields in its create.
async fn open(address: &str, fields: &Value) -> Room {
    let mut owner = Client::connect(address).await;
    let mut create = message::session_create("first");
    create.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    owner.send(create).await;
    let reply = owner.next().await;
    let text = |field: &str| reply[field].as_str().unwrap_or_else(|| panic!("{field} in {reply}")).to_owned();
    Room { address: address.to_owned(), uuid: text("uuid"), key: text("ownerKey"), owner }
}

async fn answered(room: &mut Room, id: u64) {
    while room.owner.next().await["ack"] != id {}
}

async fn go_to(room: &mut Room, id: u64, slide: u64) {
    room.owner.send(json!({"id": id, "funcKey": "goTo", "funcParams": [slide], "stateMessage": true})).await;
    answered(room, id).await;
}

fn slide(seq: u64, slide: u64) -> Value {
    json!({"seq": seq, "funcKey": "goTo", "funcParams": [slide], "stateMessage": true})
}

async fn get(room: &Room, below: &str, key: Option<&str>) -> Response {
    let request = Request::get(&format!("{}/{}/recordings{below}", Edge::rooms(), room.uuid));
    match key {
        Some(key) => request.bearing(key).send(&room.address).await,
        None => request.send(&room.address).await,
    }
}

/// Waits until a recording has ended, and returns its description.
async fn ended(room: &Room, part: u64) -> Value {
    until("the end of the recording", async || {
        let list = get(room, "", Some(&room.key)).await.json();
        let described = list["recordings"].as_array()?.iter().find(|one| one["part"] == part)?.clone();
        described["end"].is_string().then_some(described)
    })
    .await
}

#[tokio::test]
async fn a_recording_is_what_a_follower_was_sent_and_all_are_told_of_it() {
    let disk = Disk::new("whole");
    let program = disk.serve(&[]).await;
    let mut room = Room::open(&program.address).await;
    go_to(&mut room, 1, 1).await;
    let mut follower = room.join().await;
    follower.hears(&slide(1, 1)).await;
    follower.hears(&json!({"synced": 1})).await;
    room.owner.send(json!({"id": 2, "record": true})).await;
    let on = json!({"recording": {"on": true, "shared": false}});
    let entry = json!({"seq": 2, "clear": "\0", "recording": {"on": true, "shared": false}});
    follower.hears(&entry).await;
    // The owner, which is not served the log, is told too.
    while room.owner.next().await != on {}
    go_to(&mut room, 3, 2).await;
    room.owner.send(message::numbered(4, "plain")).await;
    room.owner.send(json!({"id": 5, "clear": "goTo"})).await;
    room.owner.send(json!({"id": 6, "record": false})).await;
    answered(&mut room, 6).await;
    room.owner.send(message::numbered(7, "private")).await;
    answered(&mut room, 7).await;
    let described = ended(&room, 1).await;
    assert_eq!((&described["end"], &described["shared"]), (&json!("stopped"), &json!(false)));
    let off = json!({"seq": 6, "clear": "\0", "recording": {"on": false, "why": "stopped"}});
    let recorded = [
        json!({"snapshot": 2}),
        slide(1, 1),
        json!({"seq": 2, "recording": {"on": true, "shared": false}}),
        json!({"synced": 2}),
        slide(3, 2),
        json!({"seq": 4, "funcKey": "plain"}),
        json!({"seq": 5, "clear": "goTo"}),
        off.clone(),
        json!({"end": "stopped"}),
    ];
    assert_eq!(disk.lines(&room.uuid, 1), recorded);
    for expected in &recorded[4..8] {
        follower.hears(expected).await;
    }
    // What comes after the end is in another recording.
    room.owner.send(json!({"id": 8, "record": "shared"})).await;
    answered(&mut room, 8).await;
    room.owner.send(message::close(&room.uuid)).await;
    let described = ended(&room, 2).await;
    assert_eq!((&described["end"], &described["shared"]), (&json!("closed"), &json!(true)));
    assert_eq!(disk.lines(&room.uuid, 2).last(), Some(&json!({"end": "closed"})));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(disk.file(&room.uuid, 1)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_recording_begins_with_its_room_or_with_a_claim() {
    let disk = Disk::new("entry");
    let program = disk.serve(&[]).await;
    let mut room = open(&program.address, &json!({"record": true})).await;
    go_to(&mut room, 1, 1).await;
    assert_eq!(disk.lines(&room.uuid, 1).last(), Some(&slide(2, 1)));
    // A page that was loaded anew wants the same again.
    let mut owner = Client::connect(&program.address).await;
    let mut claim = message::session_claim(&room.uuid, &room.key, "second");
    claim["record"] = true.into();
    owner.send(claim).await;
    room.owner = owner;
    go_to(&mut room, 1, 2).await;
    assert_eq!(disk.lines(&room.uuid, 1).last(), Some(&slide(3, 2)));
    room.owner.send(json!({"id": 2, "record": "shared"})).await;
    let refusal = loop {
        let message = room.owner.next().await;
        if !message["error"].is_null() {
            break message["error"].clone();
        }
    };
    assert_eq!((&refusal["code"], &refusal["id"]), (&json!("malformed"), &json!(2)));
}

#[tokio::test]
async fn without_a_directory_recording_is_refused_and_the_room_goes_on() {
    let program = Program::start(&[]).await;
    let mut room = open(&program.address, &json!({"record": true})).await;
    let refusal = room.owner.is_refused("forbidden").await;
    assert!(refusal.to_string().contains("--recordings"), "{refusal}");
    go_to(&mut room, 1, 1).await;
    let answer = Request::post(&Edge::rooms(), "application/json", r#"{"record":true}"#);
    answer.send(&program.address).await.is_refused(403, "forbidden");
    let edge = Edge::open(&program.address).await;
    edge.send(&edge.post(&json!({"record": true}))).await.is_refused(403, "forbidden");
}

#[tokio::test]
async fn only_the_owner_key_opens_recordings_unless_they_are_shared() {
    let disk = Disk::new("access");
    let program = disk.serve(&[]).await;
    let mut room = open(&program.address, &json!({"record": true})).await;
    go_to(&mut room, 1, 1).await;
    let key = room.key.clone();
    let unknown = Room::open(&program.address).await;
    get(&room, "", None).await.is_refused(401, "unauthorized");
    get(&room, "", Some(&unknown.key)).await.is_refused(403, "wrong_owner_key");
    get(&room, "/1", Some(&unknown.key)).await.is_refused(403, "wrong_owner_key");
    get(&room, "/2", Some(&key)).await.is_refused(404, "unknown_room");
    assert_eq!(get(&unknown, "", Some(&unknown.key)).await.json(), json!({"recordings": []}));
    let path = format!("{}/{}/recordings/1", Edge::rooms(), room.uuid);
    let delete = Request::new("DELETE", &path).bearing(&key);
    delete.send(&program.address).await.is_refused(400, "malformed");

    let whole = get(&room, "/1", Some(&key)).await;
    assert_eq!((whole.status, whole.header("content-type")), (200, Some("application/x-ndjson")));
    assert_eq!(lines_of(&whole.body).last(), Some(&slide(2, 1)));
    let part = Request::get(&path).bearing(&key).with("Range", "bytes=2-15").send(&program.address).await;
    assert_eq!((part.status, part.body.as_str()), (206, &whole.body[2..16]));
    let total = whole.body.len();
    assert_eq!(part.header("content-range"), Some(format!("bytes 2-15/{total}").as_str()));
    let beyond =
        Request::get(&path).bearing(&key).with("Range", "bytes=100000-").send(&program.address).await;
    assert_eq!(
        (beyond.status, beyond.header("content-range")),
        (416, Some(format!("bytes */{total}").as_str()))
    );

    // It is there after the room's end too, for the owner alone, until it is deleted.
    room.owner.send(message::close(&room.uuid)).await;
    assert_eq!(ended(&room, 1).await["end"], "closed");
    get(&room, "/1", Some(&unknown.key)).await.is_refused(403, "wrong_owner_key");
    assert_eq!(delete.send(&program.address).await.status, 204);
    get(&room, "", Some(&key)).await.is_refused(404, "unknown_room");
    assert_eq!(std::fs::read_dir(disk.path("recordings")).expect("a directory").count(), 0);
}

#[tokio::test]
async fn whoever_may_follow_gets_shared_recordings_while_the_room_lives() {
    let disk = Disk::new("shared");
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--joins", "token", "--recordings", &disk.path("recordings")]);
    let program = Program::listening({
        command.env("RTBROADCASTER_JWT_SECRET", "a secret of at least thirty-two bytes");
        command
    });
    let program = program.await;
    let mut room = open(&program.address, &json!({"record": "shared"})).await;
    go_to(&mut room, 1, 1).await;
    get(&room, "/1", None).await.is_refused(401, "unauthorized");
    drop(program);
    let program = disk.serve(&[]).await;
    let mut room = open(&program.address, &json!({"record": "shared"})).await;
    go_to(&mut room, 1, 1).await;
    let list = get(&room, "", None).await.json();
    assert_eq!(list["recordings"][0]["shared"], true);
    assert_eq!(lines_of(&get(&room, "/1", None).await.body).last(), Some(&slide(2, 1)));
    let path = format!("{}/{}/recordings/1", Edge::rooms(), room.uuid);
    Request::new("DELETE", &path).send(&program.address).await.is_refused(401, "unauthorized");
    room.owner.send(message::close(&room.uuid)).await;
    ended(&room, 1).await;
    get(&room, "/1", None).await.is_refused(401, "unauthorized");
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_in_the_recording() {
    let disk = Disk::new("kill");
    let program = disk.serve(&[]).await;
    let mut room = open(&program.address, &json!({"record": true})).await;
    for id in 1..=200 {
        room.owner.send(message::numbered(id, "act")).await;
    }
    answered(&mut room, 200).await;
    program.signal("KILL").await;
    let lines = disk.lines(&room.uuid, 1);
    let acts = lines.iter().filter(|line| line["funcKey"] == "act").count();
    assert_eq!(acts, 200);

    // A later process has it, without what is torn.
    let torn = std::fs::read_to_string(disk.file(&room.uuid, 1)).expect("a recording") + r#"{"t":9,"seq":2"#;
    std::fs::write(disk.file(&room.uuid, 1), torn).expect("a recording");
    let program = disk.serve(&[]).await;
    room.address.clone_from(&program.address);
    assert_eq!(ended(&room, 1).await["end"], "killed");
    assert_eq!(disk.lines(&room.uuid, 1), lines);
    assert_eq!(lines_of(&get(&room, "/1", Some(&room.key)).await.body), lines);
}

#[tokio::test]
async fn with_a_store_a_recording_goes_on_after_a_kill_without_a_gap() {
    let disk = Disk::new("store");
    let data = disk.path("data");
    let program = disk.serve(&["--data", &data]).await;
    let mut room = open(&program.address, &json!({"record": true})).await;
    for id in 1..=100 {
        room.owner.send(message::numbered(id, "act")).await;
    }
    answered(&mut room, 100).await;
    program.signal("KILL").await;

    let program = disk.serve(&["--data", &data]).await;
    room.address.clone_from(&program.address);
    let (owner, reply) = room.claim_at(&program.address, "second").await;
    assert_eq!(reply["epoch"], 2, "{reply}");
    room.owner = owner;
    room.owner.send(message::numbered(1, "after")).await;
    answered(&mut room, 1).await;
    room.owner.send(message::close(&room.uuid)).await;
    assert_eq!(ended(&room, 1).await["end"], "closed");
    let lines = disk.lines(&room.uuid, 1);
    let played: Vec<_> = lines.iter().filter(|line| !line["funcKey"].is_null()).collect();
    assert_eq!(played.len(), 101, "{lines:?}");
    assert_eq!(played[100]["funcKey"], "after");
    assert!(played.windows(2).all(|two| two[0]["seq"].as_u64() < two[1]["seq"].as_u64()));
    assert!(lines.iter().all(|line| line["gap"].is_null()));
    assert_eq!(std::fs::read_dir(disk.path("recordings")).expect("a directory").count(), 2);
}

#[tokio::test]
async fn a_recording_ends_at_its_size_and_all_are_told() {
    let disk = Disk::new("size");
    let program = disk.serve(&["--recording-bytes", "4096"]).await;
    let mut room = open(&program.address, &json!({"record": true})).await;
    let mut follower = room.join().await;
    let mut id = 0;
    let why = loop {
        id += 1;
        room.owner.send(message::numbered(id, &"x".repeat(200))).await;
        let heard = follower.next().await;
        if heard["recording"]["on"] == false {
            break heard["recording"]["why"].clone();
        }
        assert!(id < 1_000);
    };
    assert_eq!(why, "size");
    while room.owner.next().await["recording"] != json!({"on": false, "why": "size"}) {}
    assert_eq!(disk.lines(&room.uuid, 1).last(), Some(&json!({"end": "size"})));
    assert!(std::fs::metadata(disk.file(&room.uuid, 1)).expect("a file").len() <= 4_096);
    go_to(&mut room, id + 1, 1).await;
}

#[tokio::test]
async fn a_recording_ends_after_its_time_even_if_nothing_happens() {
    let disk = Disk::new("time");
    let program = disk.serve(&["--recording-ms", "50"]).await;
    let mut room = open(&program.address, &json!({"record": true})).await;
    while room.owner.next().await["recording"] != json!({"on": false, "why": "time"}) {}
    assert_eq!(disk.lines(&room.uuid, 1).last(), Some(&json!({"end": "time"})));
}

#[tokio::test]
async fn while_all_recordings_have_too_many_bytes_none_begins() {
    let disk = Disk::new("total");
    let program = disk.serve(&["--recordings-bytes", "1024"]).await;
    let mut room = open(&program.address, &json!({"record": true})).await;
    room.owner.send(message::numbered(1, &"x".repeat(2_000))).await;
    while room.owner.next().await["recording"] != json!({"on": false, "why": "size"}) {}
    room.owner.send(json!({"id": 2, "record": true})).await;
    let refusal = loop {
        let message = room.owner.next().await;
        if !message["error"].is_null() {
            break message["error"].clone();
        }
    };
    assert_eq!(refusal["code"], "state_too_large", "{refusal}");
}

#[tokio::test]
async fn a_disk_that_fails_ends_the_recording_and_not_the_room() {
    let disk = Disk::new("disk");
    let program = disk.serve(&[]).await;
    std::fs::remove_dir_all(disk.path("recordings")).expect("it is there");
    let mut room = open(&program.address, &json!({"record": true})).await;
    while room.owner.next().await["recording"] != json!({"on": false, "why": "disk"}) {}
    go_to(&mut room, 1, 1).await;
}

#[tokio::test]
#[ignore = "`cargo xtask test --only cluster` runs it"]
async fn a_node_of_a_cluster_refuses_to_record_and_says_so() {
    let disk = Disk::new("cluster");
    let recordings = disk.path("recordings");
    let arguments = ["--recordings", recordings.as_str()];
    let Some(cluster) = rtbroadcaster_tests::cluster::Cluster::start(1, &arguments).await else { return };
    let mut room = open(&cluster.nodes[0].address, &json!({"record": true})).await;
    let refusal = room.owner.is_refused("forbidden").await;
    assert!(refusal.to_string().contains("cluster"), "{refusal}");
    go_to(&mut room, 1, 1).await;
}
