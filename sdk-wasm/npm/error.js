// A `RoomError` made in JavaScript; those of the wasm look the same, and are reported in the same way.

export function roomError(code, message, cause) {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  return Object.assign(error, { name: "RoomError", code });
}

/** Tells `onerror`, or warns on the console. */
export function report(target, error) {
  if (!target.onerror) return console.warn(error);
  try {
    target.onerror(error);
  } catch (thrown) {
    console.error(thrown);
  }
}
