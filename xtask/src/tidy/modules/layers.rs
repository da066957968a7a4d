//! Which part of a library must not know which, and why.

use super::edges::{Graph, Node};
use crate::tidy::finding::{Check, Finding};
use crate::tidy::tree::Tree;

/// Where the rules are, for the findings about them.
const HERE: &str = "xtask/src/tidy/modules/layers.rs";

/// Parts of a library, beside each other. A part is a module just below the root, with all that is
/// below it.
struct Layer {
    parts: &'static [&'static str],
    /// Why they must not know what stands above them; empty where nothing does.
    reason: &'static str,
}

/// All layers of a library, the lowest first. A part never imports one of a layer above its own.
struct Order {
    /// The folder of the library.
    library: &'static str,
    layers: &'static [Layer],
}

/// What a part must not know beside that.
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

const ORDERS: [Order; 2] = [
    Order {
        library: PROTOCOL,
        layers: &[
            Layer {
                parts: &["limits", "mutation", "time"],
                reason: "numbers and moments mean the same everywhere",
            },
            Layer {
                parts: &["token_bucket", "wire"],
                reason: "the wire is the language that both sides speak; it knows neither",
            },
            Layer {
                parts: &["session"],
                reason: "the session is the page's side, which is built without the rooms",
            },
            Layer {
                parts: &["room"],
                reason: "a room serves connections of any kind; what one of them may do is decided above it",
            },
            Layer { parts: &["peer", "recording"], reason: "" },
        ],
    },
    Order {
        library: SERVER,
        layers: &[
            Layer {
                parts: &["access", "admission", "atomic_option", "clock", "remote_address", "tcp"],
                reason: "who may come in is decided alike for each way in, before anything is known of what for",
            },
            Layer { parts: &["tls", "websocket"], reason: "bytes on the wire need no server around them" },
            Layer {
                parts: &["metrics", "room_events"],
                reason: "what counts or tells is used from everywhere, so that it uses little itself",
            },
            Layer {
                parts: &["journal"],
                reason: "a journal keeps bytes and marks; what a room makes of that is the room's",
            },
            Layer {
                parts: &["fanout"],
                reason: "a fan-out delivers to any subscriber, and is tested without sockets",
            },
            Layer { parts: &["shared_room"], reason: "a room is shared alike, whatever table it is in" },
            Layer { parts: &["rooms"], reason: "the table of rooms serves every way in" },
            Layer {
                parts: &["cluster"],
                reason: "a node takes its rooms from others without knowing what clients want of them",
            },
            Layer { parts: &["settings"], reason: "settings are values: others act on them" },
            Layer { parts: &["recording"], reason: "a recorder is to a room what a follower is" },
            Layer {
                parts: &["services"],
                reason: "connections hold the services, so the services know no connection",
            },
            Layer {
                parts: &["connection", "sockets"],
                reason: "a connection gets what it needs when it is made, whoever made it",
            },
            Layer {
                parts: &["publish"],
                reason: "what comes without a connection is appended alike, whoever brings it",
            },
            Layer { parts: &["manager"], reason: "the manager serves every way in, whichever are mounted" },
            Layer {
                parts: &["admin", "application", "drain", "http", "internals", "prometheus"],
                reason: "each way in works without what mounts it",
            },
            Layer { parts: &["routes"], reason: "a service is another dress of the routes" },
            Layer { parts: &["service"], reason: "" },
        ],
    },
];

const RULES: [Rule; 5] = [
    Rule {
        library: PROTOCOL,
        part: "room",
        never: &["session"],
        reason: "the server's side doesn't know how a page keeps its session",
    },
    Rule {
        library: PROTOCOL,
        part: "peer",
        never: &["session"],
        reason: "the server's side doesn't know how a page keeps its session",
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

/// The edges of a library that are forbidden, the parts without a layer, and what the rules say
/// about parts that do not exist.
pub(super) fn check(tree: &Tree, library: &str, graph: &Graph) -> Vec<Finding> {
    check_these(&ORDERS, &RULES, tree, library, graph)
}

fn check_these(orders: &[Order], rules: &[Rule], tree: &Tree, library: &str, graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for order in orders.iter().filter(|order| order.library == library) {
        let parts = order.layers.iter().flat_map(|layer| layer.parts);
        findings.extend(unknown_parts(parts, tree, library, graph));
        findings.extend(unordered(order, graph));
        for rule in order.rules() {
            findings.extend(forbidden(&rule, graph));
        }
    }
    for rule in rules.iter().filter(|rule| rule.library == library) {
        let parts = std::iter::once(&rule.part).chain(rule.never);
        findings.extend(unknown_parts(parts, tree, library, graph));
        findings.extend(forbidden(rule, graph));
    }
    findings
}

impl Order {
    /// A rule for each pair of a part and a layer above it.
    fn rules(&self) -> impl Iterator<Item = Rule> {
        self.layers.iter().enumerate().flat_map(move |(depth, layer)| {
            let above = &self.layers[depth + 1..];
            above.iter().flat_map(move |above| {
                let rule = |part: &&'static str| Rule {
                    library: self.library,
                    part,
                    never: above.parts,
                    reason: layer.reason,
                };
                layer.parts.iter().map(rule)
            })
        })
    }
}

/// The parts that have no layer. Others could know them and they could know others, all unseen.
fn unordered(order: &Order, graph: &Graph) -> Vec<Finding> {
    let parts = graph.below(&[]).nodes.into_iter();
    let is_ordered =
        |part: &Node| order.layers.iter().any(|layer| layer.parts.iter().any(|name| is_in(part, name)));
    let missing = parts.filter(|part| !is_ordered(part));
    let findings = missing.map(|part| Finding {
        check: Check::Layer,
        path: part.file.clone(),
        line: None,
        size: 0,
        text: format!("{} has no layer: add it to the order in {HERE}", part.name()),
    });
    findings.collect()
}

fn forbidden(rule: &Rule, graph: &Graph) -> Vec<Finding> {
    let edges = graph.edges.iter().filter_map(|(&(from, to), lines)| {
        let (from, to) = (&graph.nodes[from], &graph.nodes[to]);
        let never = rule.never.iter().find(|never| is_in(to, never))?;
        (is_in(from, rule.part) && !is_in(from, never)).then(|| Finding {
            check: Check::Layer,
            path: from.file.clone(),
            line: lines.first().copied(),
            size: lines.len(),
            text: format!("{} must not know {}: {}", from.name(), to.name(), rule.reason),
        })
    });
    edges.collect()
}

fn is_in(node: &Node, part: &str) -> bool {
    part.is_empty() || node.path.first().is_some_and(|first| first == part)
}

/// The parts that the rules name and that do not exist: such a rule would hold nothing.
fn unknown_parts<'a>(
    parts: impl Iterator<Item = &'a &'a str>,
    tree: &Tree,
    library: &str,
    graph: &Graph,
) -> Vec<Finding> {
    let is_there = |part: &str| {
        // A folder that is not the library's is the program's.
        graph.nodes.iter().any(|node| is_in(node, part)) || tree.has(&format!("{library}/{part}"))
    };
    let findings = parts.filter(|part| !is_there(part)).map(|part| Finding {
        check: Check::Layer,
        path: HERE.to_owned(),
        line: tree.line_with(HERE, &format!("{part:?}")),
        size: 0,
        text: format!("a rule speaks of {part}, which is not in {library}: name what took its place"),
    });
    findings.collect()
}

#[cfg(test)]
mod tests {
    use super::{Layer, Order, PROTOCOL, Rule, check_these};
    use crate::tidy::modules::edges::Graph;
    use crate::tidy::modules::library::Library;
    use crate::tidy::tree::Tree;

    const ORDER: Order = Order {
        library: PROTOCOL,
        layers: &[
            Layer { parts: &["wire"], reason: "it is the lowest" },
            Layer { parts: &["room", "session"], reason: "peers are above" },
            Layer { parts: &["peer"], reason: "" },
        ],
    };

    const RULE: Rule =
        Rule { library: PROTOCOL, part: "session", never: &["room"], reason: "it is built alone" };

    fn texts(files: &[(&str, &str)]) -> Vec<String> {
        let tree = Tree::of(files);
        let library = Library::read(&tree, PROTOCOL).expect("valid Rust");
        let findings = check_these(&[ORDER], &[RULE], &tree, PROTOCOL, &Graph::of(&library));
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_forbidden_edge_is_found_where_it_begins() {
        let mut files = [
            ("protocol/src/lib.rs", "mod wire; mod room; mod peer; mod session; pub use room::Room;"),
            ("protocol/src/wire.rs", "pub struct Message;"),
            ("protocol/src/room/mod.rs", "mod log; use crate::wire::Message;\npub struct Room(Message);"),
            ("protocol/src/room/log.rs", "use super::Room; use crate::session::Session;"),
            ("protocol/src/peer.rs", "use crate::Room;"),
            ("protocol/src/session.rs", "use crate::wire::Message;\npub struct Session;"),
        ];
        assert!(texts(&files).is_empty(), "{:?}", texts(&files));
        files[1].1 = "\n\npub use crate::peer::Peer;";
        files[3].1 = "\nuse crate::{Room, peer::Peer};";
        files[4].1 = "pub struct Peer;";
        files[5].1 = "fn f() { use crate::room; }";
        assert_eq!(
            texts(&files),
            [
                "protocol/src/wire.rs:3: wire must not know peer: it is the lowest",
                "protocol/src/room/log.rs:2: room::log must not know peer: peers are above",
                "protocol/src/session.rs:1: session must not know room: it is built alone",
            ]
        );
    }

    #[test]
    fn what_the_order_lacks_or_has_for_nothing_is_found() {
        let files = [
            ("protocol/src/lib.rs", "mod wire; mod room; mod session; mod other;"),
            ("protocol/src/wire.rs", ""),
            ("protocol/src/room.rs", ""),
            ("protocol/src/session.rs", ""),
            ("protocol/src/other/mod.rs", ""),
        ];
        let found = texts(&files);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("speaks of peer"), "{found:?}");
        assert!(found[1].starts_with("protocol/src/other/mod.rs: other has no layer"), "{found:?}");
    }
}
