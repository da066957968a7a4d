//! The types of the SDK's JavaScript, checked by TypeScript: its files name the methods, steps and
//! states of the engine as wasm-bindgen declares them.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::npm;
use crate::process::{execute, say};
use crate::site::copy_folder;
use crate::workspace::Workspace;

/// What `tsc` is told. The JavaScript is only checked; no file is written.
const OPTIONS: &str = r#"{
  "compilerOptions": {
    "allowJs": true, "checkJs": true, "strict": true, "noEmit": true, "noUnusedLocals": true, "skipLibCheck": false,
    "target": "es2022", "module": "es2022", "moduleResolution": "bundler",
    "lib": ["es2024", "dom", "esnext.disposable"], "types": []
  },
  "files": ["index.js", "pins.ts"]
}"#;

/// What the checked files need beside themselves: the files that are loaded on demand, as far as
/// they are used, and what must be equal.
const DECLARED: [(&str, &str); 6] = [
    (
        "fetch-socket.d.ts",
        "export function probe(address: string): Promise<number>;
export function tryWebsocket(address: string): Promise<number>;
export const FetchSocket: typeof WebSocket;
",
    ),
    ("qr.d.ts", "export function qr(room: any, text: string | undefined): string;\n"),
    (
        "roster.d.ts",
        "export class Talk { constructor(...means: unknown[]); [member: string]: any; }
",
    ),
    ("resume.d.ts", "export function resume(enter: any, url: unknown, options: any): Promise<any>;\n"),
    ("schemas.d.ts", "export function enterChecked(enter: any, options: any): Promise<any>;\n"),
    // What is exported to Rust and what a page is told are the same.
    (
        "pins.ts",
        "import type { Status } from \"./rtbroadcaster_sdk_bg.js\";
import type { Status as Documented } from \"./documented.d.ts\";
export const documented: Documented = \"closed\" as Status;
export const exported: Status = \"closed\" as Documented;
declare global { const VERSION: string; }
",
    ),
];

/// What `glue::shorten` adds to wasm-bindgen's JavaScript, and one function that wasm-bindgen does
/// not declare.
const ADDED: &str = "
export function __wbg_set_wasm(exports: WebAssembly.Exports): void;
export const imports: WebAssembly.Imports;
";

/// Checks js/ and npm/index.js against what wasm-bindgen has written into a folder.
pub(crate) fn check(workspace: &Workspace, built: &Path) -> anyhow::Result<()> {
    say("typescript: checking the SDK's JavaScript");
    let folder = workspace.target("xtask/types");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    copy_folder(&workspace.path("sdk-wasm/js"), &folder, &|name| name != "bundled.js")?;
    for (from, to) in [("index.js", "index.js"), ("index.d.ts", "documented.d.ts")] {
        fs::copy(workspace.path("sdk-wasm/npm").join(from), folder.join(to))
            .with_context(|| format!("cannot copy {from}"))?;
    }
    let declarations = declarations(built)?;
    let generated = [("rtbroadcaster_sdk_bg.d.ts", &*declarations), ("tsconfig.json", OPTIONS)];
    for (file, text) in DECLARED.into_iter().chain(generated) {
        fs::write(folder.join(file), text).with_context(|| format!("cannot write {file}"))?;
    }
    execute(npm::program(&workspace.path("xtask"), "tsc").current_dir(&folder).args(["--project", "."]))
}

/// wasm-bindgen's declarations, with those that it leaves out: of enums that no exported function
/// takes or returns. It writes each enum as a list into its JavaScript.
fn declarations(built: &Path) -> anyhow::Result<String> {
    let read = |name: &str| {
        fs::read_to_string(built.join(name)).with_context(|| format!("wasm-bindgen has written no {name}"))
    };
    let mut declarations = read("rtbroadcaster_sdk.d.ts")?;
    for line in read("rtbroadcaster_sdk_bg.js")?.lines() {
        let Some(list) = line.strip_prefix("const __wbindgen_enum_") else { continue };
        let (name, values) = list.split_once(" = ").context("an enum of wasm-bindgen has no values")?;
        if !declarations.contains(&format!("type {name} =")) {
            // The list of the values is the type of such a list too.
            declarations += &format!("export type {name} = {}[number];\n", values.trim_end_matches(';'));
        }
    }
    Ok(declarations + ADDED)
}
