//! The modules of the libraries and the edges between them: who may import whom.
//!
//! How it counts: a module is a file of the library, tests left out. These are its edges:
//!
//! - To each file that defines something it mentions, in code or in the arguments of a macro, by
//!   whatever path: a name that is re-exported leads to where it is defined.
//! - To each file from which it re-exports something, except from what is below itself.
//! - To each module that a `use` inside a function or a macro brings in.
//!
//! These are none: to declare a module; to import a module or all of it at the top of a file, where
//! only the names that are then used count; and to call a method, because its type is not known
//! here. The type had to come from somewhere, though: mostly a name that does count.
//!
//! A circle is a set of modules in which each reaches every other along edges. A folder is a module
//! together with all that is below it. Folders must not be in a circle either, at any depth, with
//! each other or with files beside them. An edge between a folder and what is below it is free.

mod circles;
mod describe;
mod edges;
mod imports;
mod items;
mod layers;
mod library;
mod names;
mod references;

use super::finding::{Check, Finding};
use super::tree::Tree;
use circles::{FolderCircle, circles, folder_circles};
use edges::Graph;
use library::Library;

pub(super) use describe::describe;

/// The folders of the libraries that are checked.
const LIBRARIES: [&str; 2] = ["protocol/src", "server/src"];

/// Circles and forbidden edges.
pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for folder in LIBRARIES {
        let graph = Graph::of(&Library::read(tree, folder)?);
        findings.extend(circles(&graph).iter().map(|circle| of_files(folder, &graph, circle)));
        findings.extend(folder_circles(&graph).iter().map(|circle| of_folders(folder, circle)));
        findings.extend(layers::check(tree, folder, &graph));
    }
    Ok(findings)
}

fn of_files(library: &str, graph: &Graph, circle: &[usize]) -> Finding {
    let (size, names) = (circle.len(), graph.names(circle));
    Finding {
        check: Check::Circle,
        path: library.to_owned(),
        line: None,
        size,
        text: format!(
            "{size} modules need each other in a circle ({names}): let some of them know less; \
             `cargo xtask tidy --edges` lists their imports"
        ),
    }
}

fn of_folders(library: &str, circle: &FolderCircle) -> Finding {
    let size = circle.parts.len();
    Finding {
        check: Check::Circle,
        path: [&[library.to_owned()], circle.folder.as_slice()].concat().join("/"),
        line: None,
        size,
        text: format!(
            "{size} folders or files need each other in a circle ({}), each with all that is below it: \
             let some of them know less; `cargo xtask tidy --edges` lists their imports",
            circle.names()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::finding::Check;
    use crate::tidy::tree::Tree;

    #[test]
    fn a_circle_of_folders_is_found_where_they_are() {
        let tree = Tree::of(&[
            ("protocol/src/lib.rs", "mod room;"),
            ("protocol/src/room/mod.rs", "mod log; mod memory;"),
            ("protocol/src/room/log/mod.rs", "mod slots; pub struct Log;"),
            ("protocol/src/room/log/slots.rs", "use crate::room::memory::Account;"),
            ("protocol/src/room/memory/mod.rs", "mod usage; pub struct Account;"),
            ("protocol/src/room/memory/usage.rs", "use crate::room::log::Log;"),
            ("server/src/lib.rs", ""),
        ]);
        let mut findings = check(&tree).expect("valid Rust");
        findings.retain(|finding| finding.check == Check::Circle);
        assert_eq!(findings.len(), 1, "{findings:?}");
        let text = findings[0].to_string();
        let expected =
            "protocol/src/room: 2 folders or files need each other in a circle (room::log, room::memory)";
        assert!(text.starts_with(expected), "{text}");
        let edges = super::describe(&tree).expect("valid Rust");
        assert!(edges.contains("room::log::slots -> room::memory"), "{edges}");
    }

    #[test]
    fn a_circle_is_found_once_with_its_modules() {
        let tree = Tree::of(&[
            ("protocol/src/lib.rs", "mod wire; mod room; mod peer; mod session;"),
            ("protocol/src/wire.rs", ""),
            ("protocol/src/room.rs", "pub struct Room;"),
            ("protocol/src/peer.rs", "use crate::room::Room;"),
            ("protocol/src/session.rs", ""),
            (
                "server/src/lib.rs",
                "mod connection; mod fanout; mod metrics; mod http; mod manager; pub use manager::Manager;",
            ),
            ("server/src/connection.rs", "use crate::fanout::Subscribers;\npub struct Connection;"),
            ("server/src/fanout.rs", "use crate::metrics;\npub struct Subscribers(metrics::Counts);"),
            ("server/src/metrics.rs", "pub struct Counts(crate::connection::Connection);"),
            ("server/src/manager.rs", "pub struct Manager;"),
            ("server/src/http.rs", "use crate::Manager;"),
            ("server/src/program/main.rs", ""),
        ]);
        let mut findings = check(&tree).expect("valid Rust");
        // The rules about layers speak of parts that are not here.
        findings.retain(|finding| finding.check == Check::Circle);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].size, 3);
        let text = findings[0].to_string();
        assert!(
            text.starts_with(
                "server/src: 3 modules need each other in a circle (connection, fanout, metrics)"
            ),
            "{text}"
        );
    }
}
