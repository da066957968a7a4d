//! What `cargo xtask tidy --edges` prints: the circles, and what would have to go to open them.

use std::fmt::Write;

use super::LIBRARIES;
use super::circles::{circles, folder_circles};
use super::edges::Graph;
use super::library::Library;
use crate::tidy::tree::Tree;

/// Each library with its circles, of files and of folders, and the edges in each. What counts as an
/// edge is in [`super`]; a method call does not.
pub(in crate::tidy) fn describe(tree: &Tree) -> anyhow::Result<String> {
    let mut text = String::new();
    for folder in LIBRARIES {
        let graph = Graph::of(&Library::read(tree, folder)?);
        describe_library(&mut text, folder, &graph)?;
    }
    Ok(text)
}

fn describe_library(text: &mut String, folder: &str, graph: &Graph) -> anyhow::Result<()> {
    writeln!(text, "{folder}: {} modules, {} edges", graph.nodes.len(), graph.edges.len())?;
    for circle in folder_circles(graph) {
        writeln!(text, "  circle of {} folders or files: {}", circle.parts.len(), circle.names())?;
        describe_edges(text, graph, |from, to| circle.has(&graph.nodes[from], &graph.nodes[to]))?;
    }
    for circle in circles(graph) {
        writeln!(text, "  circle of {} files: {}", circle.len(), graph.names(&circle))?;
        describe_edges(text, graph, |from, to| circle.contains(&from) && circle.contains(&to))?;
    }
    Ok(())
}

fn describe_edges(
    text: &mut String,
    graph: &Graph,
    is_shown: impl Fn(usize, usize) -> bool,
) -> anyhow::Result<()> {
    let edges = graph.edges.iter().filter(|&(&(from, to), _)| is_shown(from, to));
    for (&(from, to), lines) in edges {
        let (from, to) = (&graph.nodes[from], &graph.nodes[to]);
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        writeln!(text, "    {} -> {} ({}:{})", from.name(), to.name(), from.file, lines.join(","))?;
    }
    Ok(())
}
