// The room is in this worker; the page only learns what to show.
import { create, join } from "./node_modules/rtbroadcaster/index.js";

let room;

onmessage = async ({ data }) => {
  if (data.goTo) return room.broadcast("goTo", [data.goTo], { state: true });
  const functions = { goTo: (slide) => postMessage({ goTo: slide }) };
  room = data.enter ? await join("/broadcasting", data.enter, { functions }) : await create("/broadcasting");
  postMessage({ uuid: room.uuid, isOwner: room.isOwner });
};
