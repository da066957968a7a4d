//! Finds the module that defines what a path names, through imports and re-exports.

use super::library::{Id, Library, ROOT};

/// Imports that go round in a circle end here; real ones take three or four steps.
const MOST_STEPS: usize = 32;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Module(Id),
    /// Something that this module defines.
    Item(Id),
}

impl Library {
    /// What `path` means in the module `from`; `None` if it leads out of the library.
    pub(super) fn resolve(&self, from: Id, path: &[String]) -> Option<Target> {
        self.follow(from, path, MOST_STEPS)
    }

    fn follow(&self, from: Id, path: &[String], steps: usize) -> Option<Target> {
        let steps = steps.checked_sub(1)?;
        let (mut at, rest) = self.start(from, path);
        for (index, name) in rest.iter().enumerate() {
            let is_last = index + 1 == rest.len();
            match self.look_up(at, name, is_last, steps)? {
                Target::Module(module) => at = module,
                // Further names are its variants, methods or constants.
                item @ Target::Item(_) => return Some(item),
            }
        }
        Some(Target::Module(at))
    }

    /// Goes along `crate`, `self` and `super`.
    fn start<'a>(&self, from: Id, path: &'a [String]) -> (Id, &'a [String]) {
        let mut at = from;
        let mut rest = path;
        while let Some((first, others)) = rest.split_first() {
            at = match first.as_str() {
                "crate" => ROOT,
                "self" => at,
                "super" => self.modules[at].parent.unwrap_or(ROOT),
                _ => break,
            };
            rest = others;
        }
        (at, rest)
    }

    /// What a name means in a module. Where it is both a module's and an item's, the last of a path
    /// is the item's and one before it is the module's.
    fn look_up(&self, at: Id, name: &str, is_last: bool, steps: usize) -> Option<Target> {
        let module = &self.modules[at];
        let child = module.children.get(name).map(|&child| Target::Module(child));
        if child.is_some() && !is_last {
            return child;
        }
        if module.items.contains(name) {
            return Some(Target::Item(at));
        }
        let imported = module.imports.get(name).and_then(|path| self.follow(at, path, steps));
        if child.is_some() && !matches!(imported, Some(Target::Item(_))) {
            return child;
        }
        imported.or_else(|| self.look_through_globs(at, name, is_last, steps))
    }

    fn look_through_globs(&self, at: Id, name: &str, is_last: bool, steps: usize) -> Option<Target> {
        let steps = steps.checked_sub(1)?;
        self.modules[at].globs.iter().find_map(|glob| match self.follow(at, glob, steps)? {
            Target::Module(module) if module != at => self.look_up(module, name, is_last, steps),
            // All variants of an enum; whether `name` is one of them is not known here.
            _ => None,
        })
    }
}
