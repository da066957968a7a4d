//! The commands that look into a store: `rooms`, `export` and `forget`.

use std::path::PathBuf;

use rtbroadcaster_tests::{Finished, Program, Room};
use serde_json::{Value, json};

/// A directory for a store, which is removed when it is dropped.
struct Data(PathBuf);

impl Data {
    fn new(test: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("store-commands-{test}"));
        // It is there if a former run was cut off.
        drop(std::fs::remove_dir_all(&path));
        Self(path)
    }

    async fn serve(&self) -> Program {
        Program::start(&["--data", self.0.to_str().expect("a path in UTF-8")]).await
    }

    async fn run(&self, arguments: &[&str]) -> Finished {
        let mut command = Program::command();
        command.args(arguments).arg("--data").arg(&self.0);
        Program::run(command).await
    }

    /// What a command prints that succeeds.
    async fn printed(&self, arguments: &[&str]) -> String {
        let finished = self.run(arguments).await;
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        finished.stdout
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

async fn end(mut program: Program) {
    program.signal("TERM").await;
    assert_eq!(program.exit_code().await, Some(0));
}

#[tokio::test]
async fn rooms_are_listed_and_exported_while_the_server_runs_and_afterwards() {
    let data = Data::new("list");
    let program = data.serve().await;
    let mut room = Room::open(&program.address).await;
    let state = json!({"id": 1, "funcKey": "goTo", "funcParams": [3], "stateMessage": true, "slot": "slide"});
    room.owner.send(state).await;
    while room.owner.next().await["ack"] != 1 {}
    let action =
        json!({"kind": "action", "seq": 1, "funcKey": "goTo", "funcParams": [3], "slot": "slide", "id": 1});
    let slot = json!({"kind": "slot", "seq": 1, "funcKey": "goTo", "funcParams": [3], "slot": "slide"});
    let check = async |owner: &str| {
        let listed = parsed(&data.printed(&["rooms", "--json"]).await);
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
        let expected = json!({"id": room.uuid, "seq": 1, "epoch": 1, "slots": 1});
        for (name, value) in expected.as_object().expect("it is one") {
            assert_eq!(&listed[0][name], value, "{listed}");
        }
        let table = data.printed(&["rooms"]).await;
        let line = table.lines().nth(1).unwrap_or_else(|| panic!("a room in {table}"));
        assert!(line.starts_with(&format!("{}  {owner}", room.uuid)), "{table}");
        let exported = data.printed(&["export", &room.uuid]).await;
        let mut lines: Vec<_> = exported.lines().map(parsed).collect();
        let mut described = lines.remove(0);
        assert_eq!(described.as_object_mut().and_then(|room| room.remove("kind")), Some("room".into()));
        assert_eq!(described, listed[0]);
        assert_eq!(lines, [slot.clone(), action.clone()]);
    };
    check("here").await;
    let refused = data.run(&["forget", &room.uuid]).await;
    assert_eq!(refused.code, Some(1));
    let process = format!("process {} on", program.process_id());
    assert!(refused.stderr.starts_with("error: ") && refused.stderr.contains(&process), "{}", refused.stderr);
    end(program).await;
    check("away").await;
    assert_eq!(data.printed(&["forget", &room.uuid]).await, format!("room {} is deleted\n", room.uuid));
    assert_eq!(data.printed(&["rooms", "--json"]).await, "[]\n");
    end(data.serve().await).await;
}

#[tokio::test]
async fn a_command_without_a_store_or_without_such_a_room_says_so() {
    let data = Data::new("none");
    for arguments in [&["rooms"][..], &["export", "x"], &["forget", "x"]] {
        let finished = data.run(arguments).await;
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(finished.stderr.contains("there is no store here"), "{}", finished.stderr);
        let mut command = Program::command();
        command.args(arguments);
        let finished = Program::run(command).await;
        assert_eq!(finished.code, Some(2), "{arguments:?}");
        assert!(finished.stderr.contains("--data"), "{}", finished.stderr);
    }
    end(data.serve().await).await;
    let finished = data.run(&["export", "x"]).await;
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("there is no room x in this store"), "{}", finished.stderr);
}
