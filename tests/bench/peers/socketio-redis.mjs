// Socket.IO with its Redis streams adapter. A message is acknowledged once Redis has answered: the
// adapter's `broadcast` adds it to the stream, and then sends it to the followers.
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-streams-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { connected, listening, open } from "./rooms.mjs";

const EVENT = 2;
const redis = new Redis({ path: "redis.sock", retryStrategy: () => 50 });
redis.on("error", () => {});
await redis.ping();
const server = createServer();
const io = new Server(server, {
  transports: ["websocket"],
  adapter: createAdapter(redis),
  connectionStateRecovery: {},
});

io.on("connection", (socket) => {
  let room;
  socket.on("m", async (message, acknowledge) => {
    if (message.status?.value === 1 || message.status?.value === 2) {
      room = message.status.value === 1 ? open().uuid : message.uuid;
      socket.emit("m", connected(room));
      if (message.status.value === 2) socket.join(room);
    } else {
      const packet = { type: EVENT, nsp: "/", data: ["m", message] };
      const others = { rooms: new Set([room]), except: new Set([socket.id]), flags: {} };
      await socket.nsp.adapter.broadcast(packet, others);
      acknowledge?.();
    }
  });
});

const port = Number(process.env.PORT ?? 0);
server.listen({ port, host: "127.0.0.1", backlog: 4096 }, () => listening(server.address().port));
