// Socket.IO with one of its adapters for Redis. A message is acknowledged once the adapter has
// taken it: that of streams adds it to the stream first, that of pub/sub publishes it and goes on.
import { createServer } from "node:http";
import { createAdapter as createPubSubAdapter } from "@socket.io/redis-adapter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { connected, listening, open } from "./rooms.mjs";

const EVENT = 2;

const connect = async () => {
  const redis = new Redis({ path: "redis.sock", retryStrategy: () => 50 });
  redis.on("error", () => {});
  await redis.ping();
  return redis;
};

const options =
  process.env.ADAPTER === "pubsub"
    ? { adapter: createPubSubAdapter(await connect(), await connect()) }
    : { adapter: createStreamsAdapter(await connect()), connectionStateRecovery: {} };
const server = createServer();
const io = new Server(server, { transports: ["websocket"], ...options });

io.on("connection", (socket) => {
  let room;
  // As `emit` does, but it says when the adapter has taken the message.
  const send = (message, to, except) => {
    const packet = { type: EVENT, nsp: "/", data: ["m", message] };
    return socket.nsp.adapter.broadcast(packet, { rooms: new Set([to]), except: new Set(except), flags: {} });
  };
  socket.on("m", async (message, acknowledge) => {
    if (message.status?.value === 1 || message.status?.value === 2) {
      room = message.status.value === 1 ? open().uuid : message.uuid;
      await send(connected(room), socket.id, []);
      if (message.status.value === 2) socket.join(room);
    } else {
      await send(message, room, [socket.id]);
      acknowledge?.();
    }
  });
});

const port = Number(process.env.PORT ?? 0);
server.listen({ port, host: "127.0.0.1", backlog: 4096 }, () => listening(server.address().port));
