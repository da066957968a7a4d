//! Circles of modules: sets in which each module needs every other, directly or through others.

use std::collections::BTreeSet;

use super::edges::Graph;

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
    use super::circles;
    use crate::tidy::modules::edges::{Graph, Node};

    /// A graph of nodes without files.
    fn graph(nodes: usize, edges: &[(usize, usize)]) -> Graph {
        let node = |number: usize| Node { file: String::new(), path: vec![number.to_string()] };
        Graph {
            nodes: (0..nodes).map(node).collect(),
            edges: edges.iter().map(|&edge| (edge, vec![1])).collect(),
        }
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
