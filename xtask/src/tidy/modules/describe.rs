//! What `cargo xtask tidy --edges` prints: the circles, and what would have to go to open them.

use std::fmt::Write;

use super::LIBRARIES;
use super::circles::circles;
use super::edges::Graph;
use super::library::Library;
use crate::tidy::tree::Tree;

/// Each library with its circles: of files, which is what is checked, and of the modules just below
/// the root, each with all that is in it.
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
    let parts = graph.parts();
    for circle in circles(&parts) {
        writeln!(text, "  circle of {} parts: {}", circle.len(), parts.names(&circle))?;
    }
    for circle in circles(graph) {
        writeln!(text, "  circle of {} modules: {}", circle.len(), graph.names(&circle))?;
        for (&(from, to), lines) in &graph.edges {
            if circle.contains(&from) && circle.contains(&to) {
                let (from, to) = (&graph.nodes[from], &graph.nodes[to]);
                let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
                writeln!(text, "    {} -> {} ({}:{})", from.name(), to.name(), from.file, lines.join(","))?;
            }
        }
    }
    Ok(())
}
