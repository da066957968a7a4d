// A `RoomError` made in JavaScript; those of the wasm look the same.

export function roomError(code, message, cause) {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  return Object.assign(error, { name: "RoomError", code });
}
