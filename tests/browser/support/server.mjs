/** The real server, as its own process. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { SERVER, SITE } from "./environment.mjs";

const READY = /listening on http:\/\/.*:(\d+)/;

/**
 * Starts a server and waits until it listens.
 *
 * @param {{ host?: string, port?: number, site?: string, options?: string[], environment?: object }} settings port 0 takes a free one
 */
export async function startServer({ host = "127.0.0.1", port = 0, site = SITE, options = [], environment = {} } = {}) {
  const args = ["--listen", `${host}:${port}`, "--www", site, ...options];
  // With its own environment it would also take options that whoever runs the tests has set.
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

  /** Tells it to end in an orderly way. */
  terminate() {
    this.#child.kill("SIGTERM");
  }

  /** Ends it without a word to anybody, as a crash or a pulled plug does. */
  async kill() {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** Reads all that it prints, so that it never blocks on a full pipe. */
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
