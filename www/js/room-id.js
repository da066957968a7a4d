const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/i;

/** The room's id in whatever a person pastes: the id itself, or a link that carries it. Undefined if there is none. */
export function roomIdIn(text) {
  return UUID.exec(text)?.[0].toLowerCase();
}
