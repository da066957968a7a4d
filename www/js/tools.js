import { everyFrame } from "./frame.js";
import { GrowingStroke } from "./stroke.js";
import { GRID } from "./tour.js";

/** How near the eraser must come to a stroke, in grid units. */
const REACH = 36;

/**
 * What a pointer does on the presenter's stage. A tool is called with positions on the slide, 0..1
 * across and down: `hover` while nothing is pressed, `start`, `move` and `end` while something is,
 * and `leave` when the pointer is gone. Each tool shows its effect on this page and sends it to the
 * others.
 *
 * @typedef {{
 *   hover?(at: Point): void,
 *   start(at: Point): void,
 *   move(at: Point): void,
 *   end(): void,
 *   leave?(): void,
 * }} Tool
 * @typedef {{ x: number, y: number }} Point
 */

/** @implements {Tool} */
export class LaserTool {
  #stage;
  #tour;
  #at;
  #frame = everyFrame(() => this.#tour.laser(this.#at.x, this.#at.y));

  constructor(stage, tour) {
    this.#stage = stage;
    this.#tour = tour;
  }

  hover(at) {
    const { x, y } = { x: clamp(at.x), y: clamp(at.y) };
    this.#at = { x, y };
    this.#stage.pointAt(x, y);
    this.#frame.request();
  }

  start(at) {
    this.hover(at);
  }

  move(at) {
    this.hover(at);
  }

  /** Does nothing: after a click the mouse is still over the slide. */
  end() {}

  leave() {
    if (!this.#at) return;
    this.#frame.flush();
    this.#at = undefined;
    this.#stage.putOut();
    this.#tour.laserOff();
  }
}

/** @implements {Tool} */
export class PenTool {
  #stage;
  #tour;
  #stroke;
  #frame = everyFrame(() => this.#send());
  colour = "yellow";

  constructor(stage, tour) {
    this.#stage = stage;
    this.#tour = tour;
  }

  start(at) {
    const { deck, drawing } = this.#stage;
    this.#stroke = new GrowingStroke(drawing.nextId, deck.slide, this.colour, clampPoint(at));
    this.#show();
  }

  move(at) {
    if (!this.#stroke?.add(clampPoint(at))) return;
    this.#show();
    if (this.#stroke.isFull) {
      this.#frame.flush();
      this.#stroke = this.#stroke.next(this.#stage.drawing.nextId);
    }
  }

  end() {
    this.#frame.flush();
    this.#stroke = undefined;
  }

  /** Stops drawing the stroke `id`, for which the room has no space. */
  abandon(id) {
    if (this.#stroke?.id === id) this.#stroke = undefined;
  }

  #show() {
    this.#stage.drawStroke(this.#stroke.id, this.#stroke);
    this.#frame.request();
  }

  #send() {
    if (this.#stroke) this.#tour.stroke(this.#stroke.id, this.#stroke);
  }
}

/** @implements {Tool} */
export class EraserTool {
  #stage;
  #tour;
  #last;

  constructor(stage, tour) {
    this.#stage = stage;
    this.#tour = tour;
  }

  start(at) {
    this.#last = onGrid(at);
    this.move(at);
  }

  /** Erases along the whole way since the last move, because a quick hand jumps over thin lines. */
  move(at) {
    const to = onGrid(at);
    for (const id of this.#stage.drawing.touchedBy(this.#last, to, REACH)) {
      this.#stage.eraseStroke(id);
      this.#tour.erase(id);
    }
    this.#last = to;
  }

  end() {}
}

const clamp = (share) => Math.min(1, Math.max(0, share));
const clampPoint = ({ x, y }) => ({ x: clamp(x), y: clamp(y) });
const onGrid = ({ x, y }) => ({ x: x * GRID.width, y: y * GRID.height });
