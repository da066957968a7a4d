const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/i;

/**
 * Finds the room's id in a text that a person pasted: the id or a link. Undefined if there is none.
 */
export function roomIdIn(text) {
  return UUID.exec(text)?.[0].toLowerCase();
}
