import { distance, distanceToSegment } from "./geometry.js";
import { GRID, MAX_POINTS } from "./tour.js";

/** How far, in grid units, a thinned line may stray from the drawn one: half a pixel on a slide 2,000 pixels wide. */
const TOLERANCE = 0.8;

/** A hand that rests still trembles; moves shorter than this many grid units add nothing. */
const SHORTEST_MOVE = 3;

/** Points a straight piece may skip. Bounds the work of each move, not the result: straight lines just get a few more points. */
const LONGEST_SKIP = 32;

/**
 * A stroke while it is drawn, thinned as it grows: a point is kept only if the line would stray without it.
 * What has been kept never changes, so the audience sees the ink grow and not crawl.
 */
export class GrowingStroke {
  #kept;
  /** Drawn since the last kept point. The last of them is the stroke's moving end. */
  #skipped = [];

  constructor(id, slide, colour, start) {
    this.id = id;
    this.slide = slide;
    this.colour = colour;
    this.#kept = [onGrid(start)];
  }

  /** @returns {boolean} whether the stroke has changed */
  add(position) {
    const point = onGrid(position);
    if (distance(point, this.end) < SHORTEST_MOVE) return false;
    const anchor = this.#kept.at(-1);
    const strays = this.#skipped.some((skipped) => distanceToSegment(skipped, anchor, point) > TOLERANCE);
    if (strays || this.#skipped.length === LONGEST_SKIP) {
      this.#kept.push(this.#skipped.at(-1));
      this.#skipped = [];
    }
    this.#skipped.push(point);
    return true;
  }

  get end() {
    return this.#skipped.at(-1) ?? this.#kept.at(-1);
  }

  get isFull() {
    return this.#kept.length + 1 >= MAX_POINTS;
  }

  /** The stroke that goes on where this one is full. */
  next(id) {
    return new GrowingStroke(id, this.slide, this.colour, { x: this.end.x / GRID.width, y: this.end.y / GRID.height });
  }

  /** As it is sent and drawn. */
  get points() {
    const points = this.#skipped.length ? [...this.#kept, this.end] : this.#kept;
    return points.flatMap(({ x, y }) => [x, y]);
  }
}

const onGrid = ({ x, y }) => ({ x: Math.round(x * GRID.width), y: Math.round(y * GRID.height) });
