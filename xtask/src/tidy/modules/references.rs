//! Lists the paths that the code of a module mentions.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Macro, Path, Visibility};

use super::imports::imports;
use super::items::{attributes, is_test};

/// A path as it is written, and its line.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// The paths in the items of one module, but for what they re-export: those who go through a
/// re-export depend on what it leads to.
pub(super) fn references(content: &[Item]) -> Vec<Reference> {
    let mut collector = Collector::default();
    content.iter().for_each(|item| collector.visit_item(item));
    collector.references
}

#[derive(Default)]
struct Collector {
    references: Vec<Reference>,
}

impl Collector {
    fn add(&mut self, path: Vec<String>, line: usize) {
        self.references.push(Reference { path, line });
    }

    /// The paths in the arguments of a macro, whatever their syntax is.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path = PathInTokens::default();
        for token in tokens {
            if let Some((path, line)) = path.next(&token) {
                self.add(path, line);
            }
            if let TokenTree::Group(group) = token {
                self.scan(group.stream());
            }
        }
        if !path.names.is_empty() {
            self.add(path.names, path.line);
        }
    }
}

/// The path that a run of tokens ends with: names with `::` between them.
#[derive(Default)]
struct PathInTokens {
    names: Vec<String>,
    line: usize,
    /// The colons since the last name.
    colons: usize,
    /// Whether the last token was a dot: the name after it is a field or method.
    is_after_dot: bool,
}

impl PathInTokens {
    /// Returns the path and its line once a token shows that it is complete.
    fn next(&mut self, token: &TokenTree) -> Option<(Vec<String>, usize)> {
        let is_colon = matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':');
        if is_colon && self.colons < 2 {
            self.colons += 1;
            return None;
        }
        let goes_on = self.colons == 2 && matches!(token, TokenTree::Ident(_));
        let done = (!goes_on && !self.names.is_empty()).then(|| (std::mem::take(&mut self.names), self.line));
        if let TokenTree::Ident(name) = token
            && !self.is_after_dot
        {
            if self.names.is_empty() {
                self.line = name.span().start().line;
            }
            self.names.push(name.to_string());
        }
        self.is_after_dot = matches!(token, TokenTree::Punct(mark) if mark.as_char() == '.');
        self.colons = 0;
        done
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if matches!(item.vis, Visibility::Inherited) {
            let line = item.use_token.span.start().line;
            imports(&item.tree).into_iter().for_each(|import| self.add(import.path, line));
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        // With colons before it, the first name is another crate's.
        if let (None, Some(first)) = (&path.leading_colon, path.segments.first()) {
            let names = path.segments.iter().map(|segment| segment.ident.to_string());
            self.add(names.collect(), first.ident.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.scan(call.tokens.clone());
    }

    /// A module in braces is a module of its own.
    fn visit_item_mod(&mut self, _: &'ast ItemMod) {}

    /// `pub(in path)` says who may see an item, not what it needs.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

#[cfg(test)]
mod tests {
    use super::references;

    fn paths(text: &str) -> Vec<String> {
        let file = syn::parse_file(text).expect("valid Rust");
        references(&file.items)
            .iter()
            .map(|reference| format!("{} {}", reference.line, reference.path.join("::")))
            .collect()
    }

    #[test]
    fn lists_paths_of_imports_types_and_expressions_but_not_of_re_exports() {
        let text = "use a::{B, c};\npub(crate) use d::E;\nimpl f::G for H<i::J> {\n\
                    fn k() { l::m(); ::n::o(); let p: q::R; }\n}\n#[cfg(test)]\nuse s::T;\n";
        let mut found = paths(text);
        found.sort();
        assert_eq!(found, ["1 a::B", "1 a::c", "3 H", "3 f::G", "3 i::J", "4 l::m", "4 q::R"]);
    }

    #[test]
    fn lists_paths_in_the_arguments_of_macros() {
        let text =
            "fn f() {\nformat!(\"{}\", a::B::new(c.d, &e));\njoin! { x = g::h() => { i::<j::K>() } }\n}";
        assert_eq!(
            paths(text),
            ["2 format", "2 a::B::new", "2 c", "2 e", "3 join", "3 x", "3 g::h", "3 i", "3 j::K"]
        );
    }
}
