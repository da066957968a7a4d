//! The modules of one crate's library, as its files declare them, tests left out.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use syn::{Attribute, Expr, ExprLit, Item, ItemMod, Lit, Meta};

use super::imports::imports;
use super::items::{attributes, is_test, name};
use crate::tidy::tree::Tree;

/// The number of a [`Module`] in its [`Library`].
pub(super) type Id = usize;

/// The root of a library.
pub(super) const ROOT: Id = 0;

/// What a scope declares: a file, or a `mod` with its body in braces.
#[derive(Default)]
pub(super) struct Module {
    /// The path without `crate`; empty for the root.
    pub(super) path: Vec<String>,
    pub(super) file: String,
    pub(super) parent: Option<Id>,
    /// The first of each name: there may be another, which a feature switches.
    pub(super) children: BTreeMap<String, Id>,
    /// The names of what is defined here, whatever kind it is of.
    pub(super) items: BTreeSet<String>,
    /// The names that `use` brings in, with the path of each as it is written.
    pub(super) imports: BTreeMap<String, Vec<String>>,
    /// The paths of `use path::*`.
    pub(super) globs: Vec<Vec<String>>,
    /// All of it but its children.
    pub(super) content: Vec<Item>,
}

/// All modules of a library, each after its parent.
#[derive(Default)]
pub(super) struct Library {
    pub(super) modules: Vec<Module>,
}

impl Library {
    /// Reads the library whose root is `lib.rs` in `folder`.
    pub(super) fn read(tree: &Tree, folder: &str) -> anyhow::Result<Self> {
        let mut library = Self::default();
        let root = Module { file: format!("{folder}/lib.rs"), ..Module::default() };
        library.read_file(tree, root, folder)?;
        Ok(library)
    }

    /// Reads the module's file. `folder` is where the files of its children are.
    fn read_file(&mut self, tree: &Tree, module: Module, folder: &str) -> anyhow::Result<Id> {
        let file = &module.file;
        let text = tree.text(file).with_context(|| format!("{file} is missing"))?;
        let parsed = syn::parse_file(text).with_context(|| format!("{file} is not valid Rust"))?;
        let id = self.add(module);
        self.declare(tree, id, parsed.items, folder)?;
        Ok(id)
    }

    fn add(&mut self, module: Module) -> Id {
        self.modules.push(module);
        self.modules.len() - 1
    }

    fn declare(&mut self, tree: &Tree, id: Id, items: Vec<Item>, folder: &str) -> anyhow::Result<()> {
        for item in items.into_iter().filter(|item| !is_test(attributes(item))) {
            match item {
                Item::Mod(child) => self.declare_child(tree, id, child, folder)?,
                item => self.modules[id].declare(item),
            }
        }
        Ok(())
    }

    fn declare_child(&mut self, tree: &Tree, id: Id, child: ItemMod, folder: &str) -> anyhow::Result<()> {
        let name = child.ident.to_string();
        let parent = &self.modules[id];
        let stated = stated_path(&child.attrs);
        let below = match &stated {
            Some(path) => joined(self.folder_of_stated(id, folder), path),
            None => format!("{folder}/{name}"),
        };
        let path = parent.path.iter().chain([&name]).cloned().collect();
        let mut module = Module { path, parent: Some(id), file: parent.file.clone(), ..Module::default() };
        let child_id = if let Some((_, items)) = child.content {
            let child_id = self.add(module);
            self.declare(tree, child_id, items, &below)?;
            child_id
        } else {
            let files = match &stated {
                Some(_) => vec![below.clone()],
                None => vec![format!("{below}.rs"), format!("{below}/mod.rs")],
            };
            let Some(file) = files.iter().find(|file| tree.text(file).is_some()) else {
                bail!("{} declares mod {name}, but there is no {}", module.file, files.join(" or "));
            };
            module.file.clone_from(file);
            let below = if stated.is_some() { folder_of(file) } else { &below };
            self.read_file(tree, module, below)?
        };
        self.modules[id].children.entry(name).or_insert(child_id);
        Ok(())
    }

    /// The folder that `#[path]` starts from in a module whose children are in `folder`.
    fn folder_of_stated<'a>(&'a self, id: Id, folder: &'a str) -> &'a str {
        let Module { file, parent, .. } = &self.modules[id];
        let is_in_braces = parent.is_some_and(|parent| self.modules[parent].file == *file);
        if is_in_braces { folder } else { folder_of(file) }
    }

    /// The module, and those that take its place when it is left out: of the same path, in another
    /// file.
    pub(super) fn variants(&self, id: Id) -> impl Iterator<Item = Id> {
        let path = &self.modules[id].path;
        (0..self.modules.len()).filter(move |&other| self.modules[other].path == *path)
    }
}

impl Module {
    fn declare(&mut self, item: Item) {
        if let Item::Use(item) = &item {
            for import in imports(&item.tree) {
                match import.name {
                    Some(name) => drop(self.imports.insert(name, import.path)),
                    None => self.globs.push(import.path),
                }
            }
        }
        self.items.extend(name(&item));
        self.content.push(item);
    }
}

/// The text of `#[path = "text"]`.
fn stated_path(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    })
}

/// The folder of a file.
fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path that starts from a folder, without `.` and `..` in it.
fn joined(folder: &str, path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in folder.split('/').chain(path.split('/')) {
        match step {
            "." | "" => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps.join("/")
}

#[cfg(test)]
mod tests {
    use super::Library;
    use crate::tidy::tree::Tree;

    #[test]
    fn finds_the_files_of_modules_and_leaves_out_tests() {
        let tree = Tree::of(&[
            ("a/src/lib.rs", "mod one; mod two; #[cfg(test)] mod tests;"),
            ("a/src/one.rs", "mod deep; mod inner { mod deepest; } #[cfg(all(test, unix))] mod tests {}"),
            ("a/src/one/deep.rs", ""),
            ("a/src/one/inner/deepest.rs", ""),
            ("a/src/two/mod.rs", "mod other;"),
            ("a/src/two/other.rs", ""),
        ]);
        let library = Library::read(&tree, "a/src").expect("a library");
        let modules = library.modules.iter().map(|module| (module.path.join("::"), module.file.as_str()));
        let expected = [
            ("", "a/src/lib.rs"),
            ("one", "a/src/one.rs"),
            ("one::deep", "a/src/one/deep.rs"),
            ("one::inner", "a/src/one.rs"),
            ("one::inner::deepest", "a/src/one/inner/deepest.rs"),
            ("two", "a/src/two/mod.rs"),
            ("two::other", "a/src/two/other.rs"),
        ];
        assert!(modules.eq(expected.map(|(path, file)| (path.to_owned(), file))));
    }

    #[test]
    fn finds_the_files_that_attributes_state() {
        let tree = Tree::of(&[
            ("a/src/lib.rs", "mod one; #[path = \"../other/two.rs\"] mod two;"),
            (
                "a/src/one.rs",
                "mod inner { #[path = \"deep.rs\"] mod a; }\n\
                 #[cfg(x)] mod b; #[cfg(not(x))] #[path = \"no_b.rs\"] mod b;",
            ),
            ("a/src/one/inner/deep.rs", ""),
            ("a/src/one/b.rs", ""),
            ("a/src/no_b.rs", ""),
            ("a/other/two.rs", "mod child;"),
            ("a/other/child.rs", ""),
        ]);
        let library = Library::read(&tree, "a/src").expect("a library");
        let files: Vec<&str> = library.modules.iter().map(|module| module.file.as_str()).collect();
        let expected = [
            "a/src/lib.rs",
            "a/src/one.rs",
            "a/src/one.rs",
            "a/src/one/inner/deep.rs",
            "a/src/one/b.rs",
            "a/src/no_b.rs",
            "a/other/two.rs",
            "a/other/child.rs",
        ];
        assert_eq!(files, expected);
        assert!(library.variants(4).eq([4, 5]) && library.variants(6).eq([6]));
    }

    #[test]
    fn says_which_file_is_missing() {
        let tree = Tree::of(&[("a/src/lib.rs", "mod one;")]);
        let error = Library::read(&tree, "a/src").err().expect("an error").to_string();
        assert_eq!(error, "a/src/lib.rs declares mod one, but there is no a/src/one.rs or a/src/one/mod.rs");
    }
}
