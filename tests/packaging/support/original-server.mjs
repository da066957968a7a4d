/**
 * A server that behaves like the original system's, written from a description of that. It knows no
 * session fields, replies with null params, replays the state in any order and as copies of the raw
 * bytes, joins queued messages with newlines, and leaves sockets open when a room is closed.
 */

import { once } from "node:events";
import { randomUUID } from "node:crypto";

import { WebSocketServer } from "ws";

const MOST_BYTES = 512;

export async function startOriginalServer() {
  const listener = new WebSocketServer({ host: "127.0.0.1", port: 0, maxPayload: MOST_BYTES });
  await once(listener, "listening");
  const rooms = new Map();
  const received = [];
  const greetings = [];
  listener.on("connection", (socket) => new Client(socket, rooms, received, greetings));
  return {
    url: `ws://127.0.0.1:${listener.address().port}/broadcasting`,
    /** All messages, unchanged. */
    received,
    /** The next client that joins gets this before the reply, as can happen to a live action. */
    greet(text) {
      greetings.push(text);
    },
    close() {
      for (const socket of listener.clients) socket.terminate();
      listener.close();
    },
  };
}

class Client {
  constructor(socket, rooms, received, greetings) {
    this.socket = socket;
    this.rooms = rooms;
    this.greetings = greetings;
    this.isOwner = false;
    socket.on("error", () => {});
    socket.on("message", (data) => {
      const text = String(data).replaceAll("\n", " ").trim();
      received.push(text);
      this.#act(text);
    });
    socket.on("close", () => this.room?.clients.delete(this));
  }

  #act(text) {
    const message = JSON.parse(text);
    switch (message.status?.value) {
      case 1: {
        this.isOwner = true;
        const uuid = randomUUID();
        this.#enter(uuid, { clients: new Set(), state: new Map() });
        return this.socket.send(connected(uuid));
      }
      case 2: {
        this.#enter(message.uuid, this.rooms.get(message.uuid));
        for (const greeting of this.greetings.splice(0)) this.socket.send(greeting);
        // The reply and the state are in the queue together, so they are sent in one frame.
        return this.socket.send([connected(message.uuid), ...this.room.state.values()].join("\n"));
      }
      case 3: {
        if (!this.isOwner) return;
        if (message.stateMessage) this.room.state.set(message.funcKey, replayed(message));
        return this.#broadcast(text);
      }
      case 4:
        return this.isOwner && this.#broadcast(text);
    }
  }

  #enter(uuid, room) {
    this.rooms.set(uuid, room);
    this.room = room;
    room.clients.add(this);
  }

  #broadcast(text) {
    for (const client of this.room.clients) if (!client.isOwner) client.socket.send(text);
  }
}

const connected = (uuid) =>
  `{"uuid":"${uuid}","status":{"value":3,"text":"Connected"},"funcKey":"","funcParams":null,"stateMessage":false}`;

/** Marshals a message again, with the five fields in this order and no others. */
function replayed({ uuid = "", status, funcKey, funcParams }) {
  const { value, text = "" } = status;
  return JSON.stringify({ uuid, status: { value, text }, funcKey, funcParams, stateMessage: true });
}
