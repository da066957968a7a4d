//! The modules of the libraries and the edges between them: who may import whom.
//!
//! How it counts: a module is a file of the library, tests left out. It has an edge to each file
//! that defines something it mentions, by whatever path: a name that is re-exported leads to where
//! it is defined. Declaring a module or re-exporting from one is no edge. A circle is a set of
//! modules in which each reaches every other along edges.

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
use circles::circles;
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
        findings.extend(circles(&graph).iter().map(|circle| finding(folder, &graph, circle)));
        findings.extend(layers::check(tree, folder, &graph));
    }
    Ok(findings)
}

fn finding(folder: &str, graph: &Graph, circle: &[usize]) -> Finding {
    let (size, names) = (circle.len(), graph.names(circle));
    Finding {
        check: Check::Circle,
        path: folder.to_owned(),
        line: None,
        size,
        text: format!(
            "{size} modules need each other in a circle ({names}): let some of them know less; \
             `cargo xtask tidy --edges` lists their imports"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::finding::Check;
    use crate::tidy::tree::Tree;

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
