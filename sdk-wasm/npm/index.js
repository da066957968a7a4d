// The package's face: loads the WebAssembly when it is first needed and adds what JavaScript says better than Rust.
// What everything means stands in index.d.ts.

import { roomError } from "./error.js";
import { resume } from "./resume.js";
import load, { create as createRoom, join as joinRoom } from "./rtbroadcaster_sdk.js";

let loading;

export function init(source) {
  // Without a source the wasm is found beside the script, in a form that bundlers understand.
  loading ??= load(source === undefined ? undefined : { module_or_path: source }).then(
    () => {},
    (cause) => {
      loading = undefined;
      throw roomError("wasm_failed", "the WebAssembly could not be loaded, see `cause`; the next call tries again", cause);
    },
  );
  return loading;
}

export async function create(url, options) {
  await init();
  const enter = (options) => {
    const resumes = options?.resume ?? false;
    if (resumes === false) return createRoom(url, options);
    return resume((options, onend) => createRoom(url, options, onend), url, options);
  };
  return enterWith(enter, options);
}

export async function join(url, uuid, options) {
  await init();
  return enterWith((options) => joinRoom(url, uuid, options), options);
}

/** What only some pages use is loaded only by them. */
async function enterWith(enter, options) {
  if (options?.schemas == null) return enter(options);
  const { enterChecked } = await import("./schemas.js");
  return enterChecked(enter, options);
}
