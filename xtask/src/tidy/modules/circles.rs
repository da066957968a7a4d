//! Circles of modules: sets in which each module needs every other, directly or through others. A
//! module is a file by itself, or a folder with all that is below it.

use std::collections::BTreeSet;

use super::edges::{Graph, Node};

/// The circles of more than one module, the largest first. Each is a list of numbers of nodes.
pub(super) fn circles(graph: &Graph) -> Vec<Vec<usize>> {
    let reached: Vec<BTreeSet<usize>> = (0..graph.nodes.len()).map(|node| reached(graph, node)).collect();
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for node in 0..graph.nodes.len() {
        let is_mutual = |&other: &usize| reached[node].contains(&other) && reached[other].contains(&node);
        let circle: Vec<usize> = (0..graph.nodes.len()).filter(is_mutual).collect();
        if circle.len() > 1 && seen.insert(circle.clone()) {
            circles.push(circle);
        }
    }
    circles.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
    circles
}

/// A circle of modules just below a folder, each with all that is below it.
pub(super) struct FolderCircle {
    /// The path of the folder.
    pub(super) folder: Vec<String>,
    pub(super) parts: Vec<Node>,
}

/// The circles of folders at every depth, those of the root first. Where only files need each
/// other, [`circles`] has them.
pub(super) fn folder_circles(graph: &Graph) -> Vec<FolderCircle> {
    let folders = graph.folders();
    let mut found = Vec::new();
    for &folder in &folders {
        let below = graph.below(folder);
        for circle in circles(&below) {
            let parts: Vec<Node> = circle.into_iter().map(|part| below.nodes[part].clone()).collect();
            if parts.iter().any(|part| folders.contains(part.path.as_slice())) {
                found.push(FolderCircle { folder: folder.to_vec(), parts });
            }
        }
    }
    found
}

impl FolderCircle {
    /// The names of the parts, for a message.
    pub(super) fn names(&self) -> String {
        self.parts.iter().map(Node::name).collect::<Vec<_>>().join(", ")
    }

    /// Whether an edge leads from one part to another.
    pub(super) fn has(&self, from: &Node, to: &Node) -> bool {
        let part_of = |node: &Node| self.parts.iter().position(|part| node.path.starts_with(&part.path));
        let (from, to) = (part_of(from), part_of(to));
        from.is_some() && to.is_some() && from != to
    }
}

/// All that a node needs, directly or through others.
fn reached(graph: &Graph, from: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(node) = waiting.pop() {
        for &(_, to) in graph.edges.range((node, 0)..=(node, usize::MAX)).map(|(edge, _)| edge) {
            if reached.insert(to) {
                waiting.push(to);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::{circles, folder_circles};
    use crate::tidy::modules::edges::{Graph, Node};

    /// A graph of nodes without files.
    fn graph(nodes: usize, edges: &[(usize, usize)]) -> Graph {
        let node = |number: usize| Node { file: String::new(), path: vec![number.to_string()] };
        Graph {
            nodes: (0..nodes).map(node).collect(),
            edges: edges.iter().map(|&edge| (edge, vec![1])).collect(),
        }
    }

    /// The circles of folders in a graph of these modules, with their folders.
    fn of_folders(paths: &[&str], edges: &[(usize, usize)]) -> Vec<String> {
        let mut graph = graph(paths.len(), edges);
        for (node, path) in graph.nodes.iter_mut().zip(paths) {
            node.path = path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        }
        assert!(circles(&graph).is_empty(), "no circle of files");
        let found = folder_circles(&graph);
        found.iter().map(|circle| format!("{}: {}", circle.folder.join("::"), circle.names())).collect()
    }

    #[test]
    fn folders_are_in_a_circle_at_every_depth() {
        let paths = ["", "a", "a::b", "a::b::one", "a::b::two", "a::c", "a::c::one", "d"];
        assert_eq!(of_folders(&paths, &[(3, 5), (6, 4)]), ["a: a::b, a::c"]);
        // Through a file beside them, and one level up.
        assert_eq!(of_folders(&paths, &[(3, 7), (7, 6)]), [": a, d"]);
        assert_eq!(of_folders(&paths, &[(3, 5), (5, 4), (7, 1)]), ["a: a::b, a::c"]);
    }

    #[test]
    fn a_folder_and_what_is_below_it_are_no_circle() {
        let paths = ["", "a", "a::b", "a::b::one", "a::c", "d"];
        assert!(of_folders(&paths, &[(1, 2), (3, 1), (2, 4), (0, 1), (3, 0), (5, 4)]).is_empty());
    }

    #[test]
    fn a_tree_has_no_circles() {
        assert!(circles(&graph(4, &[(0, 1), (0, 2), (1, 3), (2, 3)])).is_empty());
    }

    #[test]
    fn the_largest_circle_comes_first() {
        let edges = [(0, 1), (1, 0), (1, 2), (2, 3), (3, 4), (4, 2), (4, 5)];
        assert_eq!(circles(&graph(6, &edges)), [vec![2, 3, 4], vec![0, 1]]);
        // One more edge joins the two.
        assert_eq!(circles(&graph(6, &[&edges[..], &[(5, 1)]].concat())), [vec![0, 1, 2, 3, 4, 5]]);
    }
}
