//! Lists the paths that the code of a module mentions.

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Macro, Path, Visibility};

use super::imports::imports;
use super::items::{attributes, is_test};

/// A path as it is written, and its line.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) kind: Kind,
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// What mentions a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Code, or a `use` of the whole module: what follows a module's name is looked up from there.
    Name,
    /// A `use` inside a function or a macro: what it brings in there is not followed.
    LocalUse,
    /// A `use` that others can go through.
    ReExport,
}

/// The paths in the items of one module.
pub(super) fn references(content: &[Item]) -> Vec<Reference> {
    let mut collector = Collector::default();
    for item in content {
        match item {
            Item::Use(item) if !is_test(&item.attrs) => {
                let is_private = matches!(item.vis, Visibility::Inherited);
                collector.add_use(if is_private { Kind::Name } else { Kind::ReExport }, item);
            }
            item => collector.visit_item(item),
        }
    }
    collector.references
}

#[derive(Default)]
struct Collector {
    references: Vec<Reference>,
}

impl Collector {
    fn add(&mut self, path: Vec<String>, line: usize) {
        self.references.push(Reference { kind: Kind::Name, path, line });
    }

    fn add_use(&mut self, kind: Kind, item: &ItemUse) {
        let line = item.use_token.span.start().line;
        let imports = imports(&item.tree).into_iter();
        self.references.extend(imports.map(|import| Reference { kind, path: import.path, line }));
    }

    /// The paths in the arguments of a macro, whatever their syntax is.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path = PathInTokens::default();
        let mut tokens = tokens.into_iter();
        while let Some(token) = tokens.next() {
            if let Some(item) = use_in_tokens(&token, &tokens) {
                self.add_use(Kind::LocalUse, &item);
                // Its names are not paths of their own.
                tokens.by_ref().find(is_semicolon);
                continue;
            }
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

/// The `use` that begins with a token, and goes on with those after it.
fn use_in_tokens(first: &TokenTree, rest: &IntoIter) -> Option<ItemUse> {
    if !matches!(first, TokenTree::Ident(name) if name == "use") {
        return None;
    }
    // In `$crate` the dollar is no part of the path.
    let is_dollar = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == '$');
    let end = rest.clone().position(|token| is_semicolon(&token))?;
    let item = std::iter::once(first.clone()).chain(rest.clone().take(end + 1));
    syn::parse2(item.filter(|token| !is_dollar(token)).collect()).ok()
}

fn is_semicolon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';')
}

/// The path that a run of tokens ends with: names with `::` between them.
#[derive(Default)]
struct PathInTokens {
    names: Vec<String>,
    line: usize,
    /// The colons since the last name.
    colons: usize,
    /// Whether the last token was a dot, and not the second one of `..`: the name after it is a
    /// field or method.
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
        let is_dot = matches!(token, TokenTree::Punct(mark) if mark.as_char() == '.');
        self.is_after_dot = is_dot && !self.is_after_dot;
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
        self.add_use(Kind::LocalUse, item);
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
    use super::{Kind, references};

    fn paths(text: &str) -> Vec<String> {
        let file = syn::parse_file(text).expect("valid Rust");
        references(&file.items)
            .iter()
            .map(|reference| {
                let mark = match reference.kind {
                    Kind::Name => "",
                    Kind::LocalUse => " local",
                    Kind::ReExport => " re-export",
                };
                format!("{} {}{mark}", reference.line, reference.path.join("::"))
            })
            .collect()
    }

    #[test]
    fn lists_paths_of_imports_types_and_expressions() {
        let text = "use a::{B, c};\npub(crate) use d::E;\nimpl f::G for H<i::J> {\n\
                    fn k() { l::m(); ::n::o(); let p: q::R; }\n}\n#[cfg(test)]\nuse s::T;\n";
        let mut found = paths(text);
        found.sort();
        let expected =
            ["1 a::B", "1 a::c", "2 d::E re-export", "3 H", "3 f::G", "3 i::J", "4 l::m", "4 q::R"];
        assert_eq!(found, expected);
    }

    #[test]
    fn lists_what_functions_and_macros_import() {
        assert_eq!(
            paths("use a::*;\npub use b::*;\nfn f() {\nuse c as d;\nuse e::*;\n}"),
            ["1 a", "2 b re-export", "4 c local", "5 e local"]
        );
        assert_eq!(
            paths("fn f() {\nm! { use a::{B, c}; d::e(); }\n}\nmacro_rules! n { () => { use $crate::g; } }"),
            ["2 m", "2 a::B local", "2 a::c local", "2 d::e", "4 macro_rules", "4 crate::g local"]
        );
        assert!(paths("fn f() -> impl G {\nm! { impl G + use<H>; }\n}").contains(&"2 H".to_owned()));
    }

    #[test]
    fn lists_paths_in_the_arguments_of_macros() {
        let found = paths("fn f() { m!(0..a::B, c.d..=e::F, ..g) }");
        assert_eq!(found, ["1 m", "1 a::B", "1 c", "1 e::F", "1 g"]);
        let text =
            "fn f() {\nformat!(\"{}\", a::B::new(c.d, &e));\njoin! { x = g::h() => { i::<j::K>() } }\n}";
        assert_eq!(
            paths(text),
            ["2 format", "2 a::B::new", "2 c", "2 e", "3 join", "3 x", "3 g::h", "3 i", "3 j::K"]
        );
    }
}
