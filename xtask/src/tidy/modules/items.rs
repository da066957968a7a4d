//! What the kinds of items have in common.

use syn::punctuated::Punctuated;
use syn::{Attribute, Item, Meta, Token};

/// The name of what an item defines. An `impl` and a `use` define none.
pub(super) fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

/// The attributes of an item.
pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether what has these attributes is compiled with the tests only.
pub(super) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_condition = attribute.path().is_ident("cfg");
        is_condition && attribute.parse_args().is_ok_and(|condition: Meta| needs_test(&condition))
    })
}

fn needs_test(condition: &Meta) -> bool {
    match condition {
        Meta::List(list) if list.path.is_ident("all") => {
            let all = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
            all.is_ok_and(|all| all.iter().any(needs_test))
        }
        condition => ["test", "doctest"].iter().any(|name| condition.path().is_ident(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::{attributes, is_test, name};

    #[test]
    fn knows_what_is_for_tests() {
        let is_test = |text: &str| is_test(attributes(&syn::parse_str(text).expect("an item")));
        for text in
            ["#[cfg(test)] mod a {}", "#[cfg(all(test, unix))] fn a() {}", "#[cfg(doctest)] struct A;"]
        {
            assert!(is_test(text), "{text}");
        }
        for text in ["mod a {}", "#[cfg(not(test))] fn a() {}", "#[cfg(any(test, unix))] use a::b;"] {
            assert!(!is_test(text), "{text}");
        }
    }

    #[test]
    fn knows_what_an_item_defines() {
        let name = |text: &str| name(&syn::parse_str(text).expect("an item"));
        assert_eq!(name("macro_rules! a { () => {} }").as_deref(), Some("a"));
        assert_eq!(name("pub struct B<T>(T);").as_deref(), Some("B"));
        assert_eq!(name("impl B {}"), None);
    }
}
