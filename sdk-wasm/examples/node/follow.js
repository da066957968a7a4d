// Follows a room and prints what its owner does:
// node follow.js ws://127.0.0.1:8080/broadcasting UUID
import { join } from "rtbroadcaster";
import { WebSocket } from "ws";

const [url, uuid] = process.argv.slice(2);

await join(url, uuid, {
  // Only Node.js before version 22 needs this.
  WebSocket,
  functions: { goTo: (slide) => console.log(`slide ${slide}`) },
  onclose: ({ message }) => console.log(message),
});
console.log(`following ${uuid}`);
