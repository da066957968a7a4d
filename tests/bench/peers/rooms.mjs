// The part that all peers share: rooms, and messages by their status, as little as the benchmark
// needs.
import { randomUUID } from "node:crypto";

/** The answer to create and join. */
export const connected = (uuid) => ({
  uuid,
  status: { value: 3, text: "connected" },
  funcKey: "",
  funcParams: [],
  stateMessage: false,
});

/** Rooms by uuid. `state` keeps the newest message of each function key, ready to be sent. */
const rooms = new Map();

/** Opens a room. */
export function open() {
  const room = { uuid: randomUUID(), state: new Map() };
  rooms.set(room.uuid, room);
  return room;
}

/** The room with this uuid. */
export const find = (uuid) => rooms.get(uuid);

/** Prints where it listens, as the server does. */
export const listening = (port) => console.log(`listening on http://127.0.0.1:${port}`);
