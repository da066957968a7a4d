/** The real server, as its own process. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { SERVER, SITE } from "./environment.mjs";

const READY = /listening on http:\/\/.*:(\d+)/;

/**
 * Starts a server and waits until it listens. Port 0 selects a free one.
 *
 * @param {{
 *   host?: string, port?: number, site?: string, options?: string[], environment?: object
 * }} settings
 */
export async function startServer({ host = "127.0.0.1", port = 0, site = SITE, options = [], environment = {} } = {}) {
  const args = ["--listen", `${host}:${port}`, "--www", site, ...options];
  // With the environment of the tests, the server would also use settings from there.
  const child = spawn(SERVER, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const server = new Server(child);
  await server.listening;
  return server;
}

class Server {
  #child;
  #ended;
  #said = "";

  constructor(child) {
    this.#child = child;
    this.#ended = once(child, "exit");
    child.stderr.on("data", (data) => (this.#said += data));
    this.listening = this.#readPort();
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Tells the server to end in order. */
  terminate() {
    this.#child.kill("SIGTERM");
  }

  /** Ends the server without notice, as a crash or a power failure would. */
  async kill() {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** Reads all that the server prints, so that it never blocks on a full pipe. */
  #readPort() {
    return new Promise((resolve, reject) => {
      createInterface({ input: this.#child.stdout }).on("line", (line) => {
        const port = READY.exec(line)?.[1];
        if (!port) return;
        this.port = Number(port);
        resolve();
      });
      this.#child.on("error", reject);
      this.#child.on("exit", () => reject(new Error(`the server ended before it listened:\n${this.#said}`)));
    });
  }
}
