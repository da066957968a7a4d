// ws on Node, as in its own example for broadcasts: a loop of `send` over the clients.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { connected, find, listening, open } from "./rooms.mjs";

const server = createServer();
const websockets = new WebSocketServer({ server });

websockets.on("connection", (socket) => {
  let room;
  socket.on("message", (data) => {
    const message = JSON.parse(data);
    if (message.status.value === 1) {
      room = Object.assign(open(), { followers: new Set() });
      socket.send(JSON.stringify(connected(room.uuid)));
    } else if (message.status.value === 2) {
      room = find(message.uuid);
      socket.send(JSON.stringify(connected(room.uuid)));
      for (const kept of room.state.values()) socket.send(kept, { binary: false });
      room.followers.add(socket);
    } else {
      if (message.stateMessage) room.state.set(message.funcKey, data);
      for (const follower of room.followers) follower.send(data, { binary: false });
    }
  });
  socket.on("close", () => room?.followers.delete(socket));
});

server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => listening(server.address().port));
