//! Which part of a library must not know which, and why.

use super::edges::{Graph, Node};
use crate::tidy::finding::{Check, Finding};
use crate::tidy::tree::Tree;

/// Where the rules are, for the findings about them.
const HERE: &str = "xtask/src/tidy/modules/layers.rs";

/// A part is a module with all that is below it.
struct Rule {
    /// The folder of the library.
    library: &'static str,
    /// The part that must not know others; empty for the whole library.
    part: &'static str,
    /// The parts that it must not know.
    never: &'static [&'static str],
    /// Why.
    reason: &'static str,
}

const PROTOCOL: &str = "protocol/src";
const SERVER: &str = "server/src";

const RULES: [Rule; 14] = [
    Rule {
        library: PROTOCOL,
        part: "wire",
        never: &["room", "peer", "session"],
        reason: "the wire is the language that both sides speak; it knows neither",
    },
    Rule {
        library: PROTOCOL,
        part: "room",
        never: &["peer", "session"],
        reason: "a room serves connections of any kind; what one of them may do is decided above it",
    },
    Rule {
        library: PROTOCOL,
        part: "session",
        never: &["room", "peer"],
        reason: "the session is the page's side, which is built without the rooms",
    },
    Rule {
        library: SERVER,
        part: "connection",
        never: &["http", "admin", "manager", "prometheus"],
        reason: "a connection gets what it needs when it is made, whoever made it",
    },
    Rule {
        library: SERVER,
        part: "websocket",
        never: &["connection", "fanout", "http", "manager", "rooms", "services"],
        reason: "frames and handshakes need no server around them",
    },
    Rule {
        library: SERVER,
        part: "fanout",
        never: &["connection", "http", "manager", "rooms", "services"],
        reason: "a room delivers to any subscriber, and is tested without sockets",
    },
    Rule {
        library: SERVER,
        part: "rooms",
        never: &["connection", "http", "manager"],
        reason: "the table of rooms serves every way in",
    },
    Rule {
        library: SERVER,
        part: "services",
        never: &["connection", "http", "manager"],
        reason: "connections hold the services, so the services know no connection",
    },
    Rule {
        library: SERVER,
        part: "metrics",
        never: &["connection", "fanout", "http", "manager", "prometheus", "rooms", "services"],
        reason: "what counts is used from everywhere, so that it uses little itself",
    },
    Rule {
        library: SERVER,
        part: "admission",
        never: &["connection", "http", "manager", "rooms", "services"],
        reason: "who may come in is decided before anything is known of what for",
    },
    Rule {
        library: SERVER,
        part: "access",
        never: &["http", "manager"],
        reason: "tokens and keys mean the same for each way in",
    },
    Rule {
        library: SERVER,
        part: "http",
        never: &["admin"],
        reason: "each of the two can be mounted without the other",
    },
    Rule {
        library: SERVER,
        part: "admin",
        never: &["http"],
        reason: "each of the two can be mounted without the other",
    },
    Rule {
        library: SERVER,
        part: "",
        never: &["program"],
        reason: "the library is embedded in other programs",
    },
];

/// The edges of a library that a rule forbids, and the rules about parts that do not exist.
pub(super) fn check(tree: &Tree, library: &str, graph: &Graph) -> Vec<Finding> {
    let rules = RULES.iter().filter(|rule| rule.library == library);
    rules.flat_map(|rule| unknown_parts(rule, tree, graph).chain(forbidden(rule, graph))).collect()
}

fn forbidden<'a>(rule: &'a Rule, graph: &'a Graph) -> impl Iterator<Item = Finding> + 'a {
    graph.edges.iter().filter_map(move |(&(from, to), lines)| {
        let (from, to) = (&graph.nodes[from], &graph.nodes[to]);
        let never = rule.never.iter().find(|never| is_in(to, never))?;
        (is_in(from, rule.part) && !is_in(from, never)).then(|| Finding {
            check: Check::Layer,
            path: from.file.clone(),
            line: lines.first().copied(),
            size: lines.len(),
            text: format!("{} must not know {}: {}", from.name(), to.name(), rule.reason),
        })
    })
}

fn is_in(node: &Node, part: &str) -> bool {
    part.is_empty() || node.path.first().is_some_and(|first| first == part)
}

/// The parts that a rule names and that do not exist: such a rule would hold nothing.
fn unknown_parts<'a>(rule: &'a Rule, tree: &'a Tree, graph: &'a Graph) -> impl Iterator<Item = Finding> + 'a {
    let parts = std::iter::once(&rule.part).chain(rule.never);
    let is_there = |part: &str| {
        // A folder that is not the library's is the program's.
        graph.nodes.iter().any(|node| is_in(node, part)) || tree.has(&format!("{}/{part}", rule.library))
    };
    parts.filter(move |part| !is_there(part)).map(move |part| Finding {
        check: Check::Layer,
        path: HERE.to_owned(),
        line: tree.line_with(HERE, &format!("{part:?}")),
        size: 0,
        text: format!("a rule speaks of {part}, which is not in {}: name what took its place", rule.library),
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::modules::edges::Graph;
    use crate::tidy::modules::library::Library;
    use crate::tidy::tree::Tree;

    fn texts(files: &[(&str, &str)]) -> Vec<String> {
        let tree = Tree::of(files);
        let library = Library::read(&tree, "protocol/src").expect("valid Rust");
        check(&tree, "protocol/src", &Graph::of(&library)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_forbidden_edge_is_found_where_it_begins() {
        let mut files = [
            ("protocol/src/lib.rs", "mod wire; mod room; mod peer; mod session; pub use room::Room;"),
            ("protocol/src/wire.rs", "pub struct Message;"),
            ("protocol/src/room/mod.rs", "mod log; use crate::wire::Message;\npub struct Room(Message);"),
            ("protocol/src/room/log.rs", "use super::Room;"),
            ("protocol/src/peer.rs", "use crate::Room;"),
            ("protocol/src/session.rs", "use crate::wire::Message;"),
        ];
        assert!(texts(&files).is_empty(), "{:?}", texts(&files));
        files[3].1 = "\nuse crate::{Room, peer::Peer};";
        files[4].1 = "pub struct Peer;";
        assert_eq!(
            texts(&files),
            ["protocol/src/room/log.rs:2: room::log must not know peer: a room serves connections of any \
              kind; what one of them may do is decided above it"]
        );
    }

    #[test]
    fn a_rule_about_nothing_is_found() {
        let files = [
            ("protocol/src/lib.rs", "mod wire; mod room; mod session;"),
            ("protocol/src/wire.rs", ""),
            ("protocol/src/room.rs", ""),
            ("protocol/src/session.rs", ""),
        ];
        // `wire`, `room` and `session` must not know it.
        assert_eq!(texts(&files).len(), 3, "{:?}", texts(&files));
        assert!(texts(&files)[0].contains("speaks of peer"), "{:?}", texts(&files));
    }
}
