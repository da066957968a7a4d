//! A `use` declaration written out, one path at a time.

use syn::UseTree;

/// One path of a `use`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// The name that it gets here; none for `path::*`.
    pub(super) name: Option<String>,
    pub(super) path: Vec<String>,
}

/// All that a `use` brings in.
pub(super) fn imports(tree: &UseTree) -> Vec<Import> {
    let mut imports = Vec::new();
    write_out(tree, &mut Vec::new(), &mut imports);
    imports
}

fn write_out(tree: &UseTree, before: &mut Vec<String>, imports: &mut Vec<Import>) {
    let (last, name) = match tree {
        UseTree::Path(step) => {
            before.push(step.ident.to_string());
            write_out(&step.tree, before, imports);
            before.pop();
            return;
        }
        UseTree::Group(group) => {
            group.items.iter().for_each(|tree| write_out(tree, before, imports));
            return;
        }
        UseTree::Glob(_) => {
            imports.push(Import { name: None, path: before.clone() });
            return;
        }
        UseTree::Name(name) => (name.ident.to_string(), None),
        UseTree::Rename(rename) => (rename.ident.to_string(), Some(rename.rename.to_string())),
    };
    let mut path = before.clone();
    // `path::{self}` is the path itself; `self` alone is where the `use` stands.
    if last != "self" || path.is_empty() {
        path.push(last);
    }
    let name = name.or_else(|| path.last().cloned());
    imports.push(Import { name, path });
}

#[cfg(test)]
mod tests {
    use super::imports;

    #[test]
    fn writes_groups_out() {
        let item: syn::ItemUse =
            syn::parse_str("use crate::{self as top, a::{self, B as C, d::*}, e};").expect("a use");
        let texts: Vec<String> = imports(&item.tree)
            .into_iter()
            .map(|import| format!("{} = {}", import.name.unwrap_or_default(), import.path.join("::")))
            .collect();
        assert_eq!(
            texts,
            ["top = crate", "a = crate::a", "C = crate::a::B", " = crate::a::d", "e = crate::e"]
        );
    }
}
