// What a page gets of a room: an object that looks the same from everywhere.

import { callback } from "./arguments.js";

/** The callbacks of a room, which are options too. */
export const CALLBACKS = ["onstatus", "onclose", "onerror", "onclear", "onowner", "onresync", "onaudience", "onroster", "onlane", "onsaid", "oncounts", "onrecording", "onretry", "onrequest"];

/** By this name consoles call a room. Vue and Alpine make no proxy around what has one. */
const prototype = Object.defineProperty({}, Symbol.toStringTag, { value: "Room" });

/**
 * An object that has the members of a room, bound to the room. So they work where `this` is a proxy
 * around the room, which has no private fields, and where there is no `this`.
 *
 * @param {object} room
 * @param {import("./driver.js").Driver} driver
 */
export function shellOf(room, driver) {
  const { constructor, ...members } = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(room));
  for (const [name, member] of Object.entries(members)) {
    for (const kind of /** @type {const} */ (["value", "get", "set"])) member[kind] &&= member[kind].bind(room);
    // Consoles and JSON.stringify show what can be read, but the owner key stays out of logs.
    member.enumerable = !!member.get && !member.set && name !== "ownerKey";
  }
  for (const name of CALLBACKS) {
    members[name] = {
      get: () => driver.page.callbacks[name],
      set(value) {
        const checked = callback(value, name);
        // After the end it would never be called, and only keep alive what it refers to.
        if (!driver.isOver) driver.page.callbacks[name] = checked;
      },
    };
  }
  // These are loaded when they are first needed: with the first lane, or with the question.
  for (const name of ["roster", "lane", "vote", "invite", "requestControl", "handOver", "takeBack", "revoke"]) {
    members[name] = { value: async (/** @type {unknown[]} */ ...args) => (await driver.talking.load())[name](...args) };
  }
  for (const name of ["send", "react"]) members[name] = { value: (/** @type {unknown[]} */ ...args) => !!driver.talking.talk?.[name](...args) };
  return Object.create(prototype, members);
}
