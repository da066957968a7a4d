//! `cargo xtask tidy`: what must hold of the text of this repository, checked in seconds and
//! without compiling it.
//!
//! Each check lists all that it finds, as `file:line: what is wrong and what to do`. What a rule
//! must let pass is in [`exceptions`], with the reason.

mod comments;
mod exceptions;
mod finding;
mod modules;
mod sizes;
mod spelling;
mod tree;
mod width;

use anyhow::bail;

use crate::workspace::Workspace;
use tree::Tree;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print the circles of files and folders with the imports in them, instead of checking.
    ///
    /// An import is any mention of what another file defines, and a re-export from one that is not
    /// below the file; a method call is none.
    #[arg(long)]
    edges: bool,
}

/// `cargo xtask tidy`.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    if args.edges {
        print!("{}", modules::describe(&Tree::read(workspace)?)?);
        return Ok(());
    }
    check(workspace)
}

/// Every check.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let tree = Tree::read(workspace)?;
    let mut findings = width::check(&tree);
    findings.extend(sizes::check(&tree));
    findings.extend(modules::check(&tree)?);
    findings.extend(spelling::check(workspace, &tree)?);
    let mut findings = exceptions::apply(&tree, findings);
    findings.sort_by(|one, other| (&one.path, one.line).cmp(&(&other.path, other.line)));
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("tidy found {} to mend", findings.len());
    }
    Ok(())
}
