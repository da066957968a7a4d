// The package's main module: loads the WebAssembly when it is first needed, and adds the
// options that are in JavaScript. index.d.ts documents everything.

import { drop, enter, keep, number, roomError, useModule } from "./room.js";

let loading;

export function init(source) {
  // Without a source, the wasm is the file beside the script, named in a form that bundlers
  // understand. The address is made only when it is needed: a plain script has none, and always
  // gives a source.
  loading ??= instantiate(source ?? new URL("rtbroadcaster_sdk_bg.wasm", import.meta.url)).then(
    ({ exports }) => useModule(exports),
    (cause) => {
      loading = undefined;
      throw roomError("wasm_failed", "the WebAssembly could not be loaded, see `cause`; the next call tries again", { cause });
    },
  );
  return loading;
}

async function instantiate(source) {
  const imports = { "./room.js": { drop, keep, number } };
  let module = await source;
  if (typeof module === "string" || module instanceof URL || module instanceof Request) module = await fetch(module);
  if (module instanceof Response) {
    if (!module.ok) throw new Error(`${module.url}: ${module.status} ${module.statusText}`);
    // Browsers compile the wasm while it loads, but only if the server names its type.
    const streams = module.headers.get("Content-Type") === "application/wasm";
    if (streams) return (await WebAssembly.instantiateStreaming(module, imports)).instance;
    module = await module.arrayBuffer();
  }
  if (module instanceof WebAssembly.Module) return WebAssembly.instantiate(module, imports);
  return (await WebAssembly.instantiate(module, imports)).instance;
}

export async function create(url, options) {
  await init();
  return enterWith((options) => createOrResume(url, options), options);
}

export async function join(url, uuid, options) {
  await init();
  return enterWith((options) => enter(url, true, uuid, options), options);
}

// The options that only some pages use are loaded only by these pages.

async function createOrResume(url, options) {
  const createRoom = (options, onend) => enter(url, false, undefined, options, onend);
  const resumes = options?.resume ?? false;
  if (resumes === false) return createRoom(options);
  const { resume } = await import("./resume.js");
  return resume(createRoom, url, options);
}

async function enterWith(enter, options) {
  if (options?.schemas == null) return enter(options);
  const { enterChecked } = await import("./schemas.js");
  return enterChecked(enter, options);
}
