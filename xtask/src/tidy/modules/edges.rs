//! Which file of a library needs which: an edge for each file that mentions what another defines.

use std::collections::{BTreeMap, BTreeSet};

use super::library::{Id, Library, Module};
use super::names::Target;
use super::references::{Kind, Reference, references};

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
                let needed = needed(library, id, &reference);
                let others = needed.map(|needed| numbers[needed]).filter(|&needed| needed != numbers[id]);
                for needed in others {
                    let is_below = nodes[needed].path.starts_with(&nodes[numbers[id]].path);
                    if reference.kind != Kind::ReExport || !is_below {
                        edges.entry((numbers[id], needed)).or_default().push(reference.line);
                    }
                }
            }
        }
        for lines in edges.values_mut() {
            lines.sort_unstable();
            lines.dedup();
        }
        Self { nodes, edges }
    }

    /// The modules that have others below them, by their paths.
    pub(super) fn folders(&self) -> BTreeSet<&[String]> {
        let mut folders = BTreeSet::new();
        for node in &self.nodes {
            folders.extend((0..node.path.len()).map(|depth| &node.path[..depth]));
        }
        folders
    }

    /// The graph of what is just below a folder, each with all that is below it. The folder's own
    /// module is no part of it: an edge between a folder and what is below it is free.
    pub(super) fn below(&self, folder: &[String]) -> Self {
        let mut nodes: Vec<Node> = Vec::new();
        let mut part = |node: &Node| {
            let path = part_of(folder, node)?;
            Some(nodes.iter().position(|part| part.path == path).unwrap_or_else(|| {
                nodes.push(Node { file: node.file.clone(), path: path.to_vec() });
                nodes.len() - 1
            }))
        };
        let numbers: Vec<Option<usize>> = self.nodes.iter().map(&mut part).collect();
        let mut edges: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (&(from, to), lines) in &self.edges {
            if let (Some(from), Some(to)) = (numbers[from], numbers[to])
                && from != to
            {
                edges.entry((from, to)).or_default().extend(lines);
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

/// The path of what is just below the folder and is the node or has it below it.
fn part_of<'a>(folder: &[String], node: &'a Node) -> Option<&'a [String]> {
    let is_below = node.path.len() > folder.len() && node.path.starts_with(folder);
    is_below.then(|| &node.path[..=folder.len()])
}

/// The modules that a reference needs: the one that defines what it names, or two where the module
/// has another file without a feature.
///
/// A path to a module itself needs nothing of it yet: `use super::wire` is followed by
/// `wire::Message`, and that leads to where `Message` is. What is used through a re-export, or
/// through an import in a function, is not followed, so those need the module.
fn needed<'a>(library: &'a Library, from: Id, reference: &Reference) -> impl Iterator<Item = Id> + use<'a> {
    let definer = match library.resolve(from, &reference.path) {
        Some(Target::Item(definer)) => Some(definer),
        Some(Target::Module(module)) if reference.kind != Kind::Name => Some(module),
        _ => None,
    };
    // A module needs none of what takes its own place.
    let other = definer.filter(|&definer| library.modules[definer].path != library.modules[from].path);
    other.into_iter().flat_map(|definer| library.variants(definer))
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
    fn re_exports_are_edges_unless_they_lead_below() {
        let found = edges(&[
            ("a/src/lib.rs", "mod one; mod two; mod three; pub use one::*; pub use two::below::Below;"),
            ("a/src/one.rs", "pub struct One;"),
            ("a/src/two.rs", "pub mod below;\npub use below::*; pub(crate) use crate::one::One;"),
            ("a/src/two/below.rs", "pub struct Below;\npub use super::super::one;"),
            ("a/src/three.rs", "\npub use crate::one::*;"),
        ]);
        assert_eq!(found, ["two -> one [2]", "two::below -> one [2]", "three -> one [2]"]);
    }

    #[test]
    fn what_functions_and_macros_import_is_an_edge() {
        let of_two = |text| {
            let one = "pub struct One; pub const LIMIT: u8 = 1; pub fn make() {}";
            edges(&[("a/src/lib.rs", "mod one; mod two;"), ("a/src/one.rs", one), ("a/src/two.rs", text)])
        };
        for text in [
            "fn f() { use crate::one; one::make(); }",
            "fn f() { use crate::one as o; o::make(); }",
            "fn f() { use crate::one::*; make(); }",
            "fn f() { m! { use crate::one::{One, make}; } }",
            "fn f() { m! { use super::one as o; o::make() } }",
            "fn f() { m!(0..crate::one::LIMIT) }",
        ] {
            assert_eq!(of_two(text), ["two -> one [1]"], "{text}");
        }
        // At the top of a file what follows the name counts, and here nothing does.
        assert_eq!(of_two("use crate::one;"), [""; 0]);
    }

    #[test]
    fn a_module_with_another_file_is_needed_in_both() {
        let found = edges(&[
            ("a/src/lib.rs", "#[cfg(x)] mod one; #[cfg(not(x))] #[path = \"no.rs\"] mod one; mod two;"),
            ("a/src/one.rs", "pub struct One; type Same = One;"),
            ("a/src/no.rs", "pub struct One; type Same = One; use crate::two::Two;"),
            ("a/src/two.rs", "use crate::one::One;\npub struct Two;"),
        ]);
        assert_eq!(found, ["one -> two [1]", "two -> one [1]", "two -> one [1]"]);
    }

    #[test]
    fn imports_in_a_circle_end() {
        assert_eq!(
            edges(&[("a/src/lib.rs", "use a::b; use b::a; use c; use d::*; fn f() { a::x(b); y() }")]),
            [""; 0]
        );
    }
}
