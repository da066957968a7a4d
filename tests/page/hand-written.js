/**
 * What somebody would write by hand for the messages of this protocol and nothing else: no
 * reconnecting, no state, no errors. The benchmark compares the package with it on the same frames.
 */
class HandWritten {
  functions = new Map();
  #socket;
  #seq = 0;
  #id = 0;
  #frame = "";
  #unanswered = [];

  constructor(socket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      for (const line of data.split("\n")) this.#receive(JSON.parse(line));
    };
  }

  #receive(message) {
    if (message.ack) return this.#settle(message);
    // What was delivered before is not delivered again.
    if (message.seq !== this.#seq + 1) return;
    this.#seq++;
    const fn = this.functions.get(message.funcKey);
    if (!fn) return;
    try {
      fn(...message.funcParams);
    } catch (error) {
      console.error(error);
    }
  }

  /** Broadcasts an action; with the other actions of the task it leaves as one frame. */
  broadcast(funcKey, funcParams, { state }) {
    const action = { id: ++this.#id, funcKey, funcParams };
    if (state) action.stateMessage = true;
    if (this.#frame) this.#frame += "\n";
    else Promise.resolve().then(() => this.#send());
    this.#frame += JSON.stringify(action);
  }

  /** The same; the promise resolves with the seq under which the room has the action. */
  broadcastAnswered(funcKey, funcParams, options) {
    this.broadcast(funcKey, funcParams, options);
    return new Promise((resolve) => this.#unanswered.push(resolve));
  }

  #send() {
    this.#socket.send(this.#frame);
    this.#frame = "";
  }

  #settle({ ack, seq }) {
    const count = ack - (this.#id - this.#unanswered.length);
    this.#unanswered.splice(0, count).forEach((resolve, at) => resolve(seq - count + 1 + at));
  }
}

globalThis.HandWritten = HandWritten;
