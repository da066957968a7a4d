// Socket.IO on Node with its rooms. Clients use websockets at once, without polling first.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { connected, find, listening, open } from "./rooms.mjs";

const server = createServer();
const io = new Server(server, { transports: ["websocket"] });

io.on("connection", (socket) => {
  let room;
  socket.on("m", (message) => {
    if (message.status.value === 1) {
      room = open();
      socket.emit("m", connected(room.uuid));
    } else if (message.status.value === 2) {
      room = find(message.uuid);
      socket.emit("m", connected(room.uuid));
      for (const kept of room.state.values()) socket.emit("m", kept);
      socket.join(room.uuid);
    } else {
      if (message.stateMessage) room.state.set(message.funcKey, message);
      socket.to(room.uuid).emit("m", message);
    }
  });
});

server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => listening(server.address().port));
