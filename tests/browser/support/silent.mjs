/** A client that never says anything, not even when it is asked: a clock that the server keeps. */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";

/**
 * Follows a room and then says nothing more. Resolves when the server has given it up, after its
 * `idle-timeout-ms`.
 */
export async function isGivenUp(port, uuid) {
  const socket = connect(port, "127.0.0.1");
  socket.write(
    "GET /broadcasting HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
  );
  const join = Buffer.from(JSON.stringify({ uuid, status: { value: 2 }, v: 2 }));
  // One text frame, masked by zeros (RFC 6455 section 5.2).
  socket.write(Buffer.from([0x81, 0x80 | join.length, 0, 0, 0, 0]));
  socket.write(join);
  socket.resume();
  await once(socket, "end");
  socket.destroy();
}
