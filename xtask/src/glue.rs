//! Makes wasm-bindgen's output small: short names for what the wasm imports and exports, and the
//! version by which the two halves of the package know each other.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Deserializer, Value};

use crate::workspace::VERSION;

/// The custom section of the wasm with its version, which index.js compares with its own.
const VERSION_SECTION: &[u8] = b"rtbroadcaster";

/// wasm-bindgen's JavaScript for bundlers. It imports the functions of js/ that the wasm calls, or
/// wraps them.
const GLUE: &str = "rtbroadcaster_sdk_bg.js";

/// What wasm-bindgen's JavaScript has and no page needs, by its beginning and its end. It would
/// cost a page 0.2 kB.
const UNUSED: [(&str, &str); 5] = [
    // It frees the texts of a call if there is no memory for the next text. But without memory this
    // wasm traps, and then nothing that was in it is of any use.
    ("        try {\n", ""),
    ("        } catch (e) {\n", "            throw e;\n        }\n"),
    // A text is always given with both functions that allocate its memory.
    ("    if (realloc === undefined) {\n", "        return ptr;\n    }\n"),
    // An engine is freed when its room is collected.
    ("    __destroy_into_raw() {\n", "_free(ptr, 0);\n    }\n"),
    ("if (Symbol.dispose) ", "\n"),
];

/// Gives wasm-bindgen's JavaScript the short names of the wasm, and appends what instantiates the
/// wasm: its imports.
///
/// `names` is what wasm-opt prints for `--minify-imports-and-exports-and-modules`. The names that
/// wasm-bindgen makes would cost a page 2 kB.
pub(crate) fn shorten(folder: &Path, names: &str) -> anyhow::Result<()> {
    let path = folder.join(GLUE);
    let mut glue = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    for (from, to) in UNUSED {
        glue = without(&glue, from, to)
            .with_context(|| format!("{GLUE} no longer has {from:?}: look at what it has instead"))?;
    }
    glue = with_late_texts(&glue)?;
    // wasm-opt runs the pass again after others, which then finds only short names.
    let names = Deserializer::from_str(names).into_iter::<Value>().next();
    let names = names.context("wasm-opt printed no names")?.context("wasm-opt printed no JSON")?;
    let mut imports = String::new();
    for import in names["imports"].as_array().into_iter().flatten() {
        let [module, name, short] = [0, 1, 2].map(|at| import[at].as_str().unwrap_or_default());
        imports += &format!("  {short}: {name},\n");
        if module != format!("./{GLUE}") {
            glue = format!("import {{ {name} }} from \"{module}\";\n{glue}");
        }
    }
    for export in names["exports"].as_array().into_iter().flatten() {
        let [name, short] = [0, 1].map(|at| export[at].as_str().unwrap_or_default());
        glue = replace_name(&glue, &format!("wasm.{name}"), &format!("wasm.{short}"));
    }
    if let Some(left) =
        glue.split("wasm.").skip(1).find(|rest| rest.starts_with("__") || rest.starts_with("room"))
    {
        bail!("{GLUE} uses what the wasm doesn't export: {}", left.lines().next().unwrap_or_default());
    }
    glue += &format!("\n/** What the wasm imports. */\nexport const imports = {{ a: {{\n{imports}}} }};\n");
    fs::write(&path, glue).with_context(|| format!("cannot write {}", path.display()))
}

/// Removes all that stands from the one text to the other, with both. None if it is nowhere.
fn without(text: &str, from: &str, to: &str) -> Option<String> {
    let mut parts = text.split(from);
    let mut kept = parts.next()?.to_owned();
    let mut is_found = false;
    for part in parts {
        kept += part.split_once(to)?.1;
        is_found = true;
    }
    is_found.then_some(kept)
}

/// Has the encoder and decoder of texts made when the wasm is set, and not when the script is
/// imported: some places, such as jsdom, lack their classes.
fn with_late_texts(glue: &str) -> anyhow::Result<String> {
    let setter = "export function __wbg_set_wasm(val) {";
    let mut late = glue.to_owned();
    for (kind, made) in [
        ("const cachedTextEncoder", "cachedTextEncoder = new TextEncoder();"),
        (
            "let cachedTextDecoder",
            "cachedTextDecoder = new TextDecoder('utf-8', { ignoreBOM: true });\ncachedTextDecoder.decode();",
        ),
    ] {
        let (keyword, name) = kind.split_once(' ').context("a declaration has a name")?;
        let declared = format!("{keyword} {made}");
        if !late.contains(&declared) || !late.contains(setter) {
            bail!("{GLUE} doesn't make {name} as before");
        }
        late = late.replace(&declared, &format!("let {name};")).replace(setter, &format!("{setter}\n{made}"));
    }
    Ok(late)
}

/// Replaces a name where it isn't the beginning of a longer one.
fn replace_name(text: &str, name: &str, by: &str) -> String {
    let mut parts = text.split(name);
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let goes_on = part.starts_with(|next: char| next.is_alphanumeric() || next == '_');
        replaced += if goes_on { name } else { by };
        replaced += part;
    }
    replaced
}

/// Appends the version to a wasm, as a custom section (WebAssembly Core, section 5.5.3).
pub(crate) fn stamp(wasm: &Path) -> anyhow::Result<()> {
    let mut bytes = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let length = |bytes: &[u8]| u8::try_from(bytes.len()).ok().filter(|length| *length < 0x80);
    let mut section = vec![length(VERSION_SECTION).context("the section's name is too long")?];
    section.extend_from_slice(VERSION_SECTION);
    section.extend_from_slice(VERSION.as_bytes());
    bytes.push(0);
    bytes.push(length(&section).context("the version is too long")?);
    bytes.extend_from_slice(&section);
    fs::write(wasm, bytes).with_context(|| format!("cannot write {}", wasm.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unused_is_removed_wherever_it_stands() {
        assert_eq!(without("a{1}b{2}c", "{", "}").as_deref(), Some("abc"));
        assert_eq!(without("a{1}b{2", "{", "}"), None);
        assert_eq!(without("abc", "{", "}"), None);
    }

    #[test]
    fn a_name_that_begins_a_longer_one_stays() {
        assert_eq!(replace_name("w.a(w.ab, w.a_, w.a)", "w.a", "w.x"), "w.x(w.ab, w.a_, w.x)");
    }
}
