// Bun's own websocket server (uWebSockets) with its topics.
import { connected, find, listening, open } from "./rooms.mjs";

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request, server) {
    return server.upgrade(request, { data: {} }) ? undefined : new Response("websockets only", { status: 400 });
  },
  websocket: {
    message(socket, text) {
      const message = JSON.parse(text);
      if (message.status.value === 1) {
        socket.data.room = open();
        socket.send(JSON.stringify(connected(socket.data.room.uuid)));
      } else if (message.status.value === 2) {
        const room = find(message.uuid);
        socket.send(JSON.stringify(connected(room.uuid)));
        for (const kept of room.state.values()) socket.send(kept);
        socket.subscribe(room.uuid);
      } else {
        const { room } = socket.data;
        if (message.stateMessage) room.state.set(message.funcKey, text);
        server.publish(room.uuid, text);
      }
    },
  },
});
listening(server.port);
