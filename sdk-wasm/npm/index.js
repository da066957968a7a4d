// The package's face: loads the WebAssembly when it is first needed and adds what JavaScript says better than Rust.
// What everything means stands in index.d.ts.

import { drop, enter, keep, number, roomError, useModule } from "./room.js";

let loading;

export function init(source) {
  // Without a source the wasm is found beside the script, in a form that bundlers understand. It is looked for only when it is
  // needed: a plain script that was given it knows no such place.
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
    // Compiled while it comes in, which browsers do only if the server names its type.
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

// What only some pages use is loaded only by them.

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
