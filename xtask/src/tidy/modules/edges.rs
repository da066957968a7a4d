//! Which file of a library needs which: an edge for each file that mentions what another defines.

use std::collections::BTreeMap;

use super::library::{Id, Library, Module};
use super::names::Target;
use super::references::references;

/// The files of a library and the edges between them.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    /// From and to, as numbers of `nodes`, with the lines in the file of `from` that need `to`.
    pub(super) edges: BTreeMap<(usize, usize), Vec<usize>>,
}

/// A file and the module that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) file: String,
    /// The module's path without `crate`; empty for the root.
    pub(super) path: Vec<String>,
}

impl Node {
    /// The module's path as code writes it.
    pub(super) fn name(&self) -> String {
        if self.path.is_empty() { "crate".to_owned() } else { self.path.join("::") }
    }
}

impl Graph {
    /// The graph of a library.
    pub(super) fn of(library: &Library) -> Self {
        let mut nodes: Vec<Node> = Vec::new();
        // A module in braces comes after the one of its file, which is the node of both.
        let numbers: Vec<usize> = library.modules.iter().map(|module| number(&mut nodes, module)).collect();
        let mut edges: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (id, module) in library.modules.iter().enumerate() {
            for reference in references(&module.content) {
                if let Some(definer) = definer(library, id, &reference.path)
                    && numbers[definer] != numbers[id]
                {
                    edges.entry((numbers[id], numbers[definer])).or_default().push(reference.line);
                }
            }
        }
        for lines in edges.values_mut() {
            lines.sort_unstable();
            lines.dedup();
        }
        Self { nodes, edges }
    }

    /// The graph of the modules just below the root, each with all that is below it.
    pub(super) fn parts(&self) -> Self {
        let mut nodes: Vec<Node> = Vec::new();
        let mut part = |node: &Node| {
            let path: Vec<String> = node.path.iter().take(1).cloned().collect();
            nodes.iter().position(|part| part.path == path).unwrap_or_else(|| {
                nodes.push(Node { file: node.file.clone(), path });
                nodes.len() - 1
            })
        };
        let numbers: Vec<usize> = self.nodes.iter().map(&mut part).collect();
        let mut edges: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (&(from, to), lines) in &self.edges {
            if numbers[from] != numbers[to] {
                edges.entry((numbers[from], numbers[to])).or_default().extend(lines);
            }
        }
        Self { nodes, edges }
    }

    /// The names of some nodes, for a message.
    pub(super) fn names(&self, nodes: &[usize]) -> String {
        nodes.iter().map(|&node| self.nodes[node].name()).collect::<Vec<_>>().join(", ")
    }
}

fn number(nodes: &mut Vec<Node>, module: &Module) -> usize {
    nodes.iter().position(|node| node.file == module.file).unwrap_or_else(|| {
        nodes.push(Node { file: module.file.clone(), path: module.path.clone() });
        nodes.len() - 1
    })
}

/// The module that defines what the path names. A path to a module itself needs nothing of it yet:
/// `use super::wire` is followed by `wire::Message`, and that leads to where `Message` is.
fn definer(library: &Library, from: Id, path: &[String]) -> Option<Id> {
    match library.resolve(from, path)? {
        Target::Item(definer) => Some(definer),
        Target::Module(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Graph;
    use crate::tidy::modules::library::Library;
    use crate::tidy::tree::Tree;

    /// The edges of a library, as text with the lines.
    fn edges(files: &[(&str, &str)]) -> Vec<String> {
        let library = Library::read(&Tree::of(files), "a/src").expect("a library");
        let graph = Graph::of(&library);
        let name = |node: usize| graph.nodes[node].name();
        let edges = graph.edges.iter();
        edges.map(|(&(from, to), lines)| format!("{} -> {} {lines:?}", name(from), name(to))).collect()
    }

    #[test]
    fn an_edge_leads_to_where_the_name_is_defined() {
        let found = edges(&[
            ("a/src/lib.rs", "mod one; mod two; mod three; pub use two::{Deep, inner};"),
            (
                "a/src/one.rs",
                "use crate::Deep;\nuse crate::inner as other;\nfn f(x: other::Inner) -> Deep {}",
            ),
            ("a/src/two/mod.rs", "mod deep; pub mod inner; pub use deep::Deep;"),
            ("a/src/two/deep.rs", "pub struct Deep;"),
            ("a/src/two/inner.rs", "pub struct Inner;"),
            (
                "a/src/three.rs",
                "fn f() {\n    vec![super::two::Deep::new()]; std::mem::take(uuid::new());\n}",
            ),
        ]);
        assert_eq!(found, ["one -> two::deep [1, 3]", "one -> two::inner [3]", "three -> two::deep [2]"]);
    }

    #[test]
    fn declarations_and_re_exports_are_no_edges_but_uses_of_them_are() {
        let found = edges(&[
            ("a/src/lib.rs", "mod one;\npub use one::One;"),
            ("a/src/one.rs", "mod child;\npub(crate) use child::Child;\npub struct One(Child);"),
            ("a/src/one/child.rs", "use super::One;\npub struct Child;"),
        ]);
        assert_eq!(found, ["one -> one::child [3]", "one::child -> one [1]"]);
    }

    #[test]
    fn tests_and_modules_in_braces_add_no_nodes() {
        let found = edges(&[
            ("a/src/lib.rs", "mod one; mod two;"),
            ("a/src/one.rs", "pub struct One;\n#[cfg(test)] mod tests { use crate::two::Two; }"),
            ("a/src/two.rs", "mod inner {\n use crate::one::*;\n use super::Two;\n}\npub struct Two;"),
        ]);
        // `use path::*` is no edge by itself; the names that are used through it are.
        assert_eq!(found, [""; 0]);
        let found = edges(&[
            ("a/src/lib.rs", "mod one; mod two;"),
            ("a/src/one.rs", "pub struct One;"),
            ("a/src/two.rs", "mod inner {\n use crate::one::*;\n struct Two(One);\n}"),
        ]);
        assert_eq!(found, ["two -> one [3]"]);
    }

    #[test]
    fn imports_in_a_circle_end() {
        assert_eq!(
            edges(&[("a/src/lib.rs", "use a::b; use b::a; use c; use d::*; fn f() { a::x(b); y() }")]),
            [""; 0]
        );
    }
}
