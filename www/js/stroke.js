import { distance, distanceToSegment } from "./geometry.js";
import { GRID, MAX_POINTS } from "./tour.js";

/**
 * How far a thinned line may stray from the drawn one, in grid units. It is half a pixel on a slide
 * that is 2,000 pixels wide.
 */
const TOLERANCE = 0.8;

/** Moves shorter than this many grid units add nothing: a resting hand still trembles. */
const SHORTEST_MOVE = 3;

/**
 * How many points may be left out in a row. This bounds the work of each move. Straight lines only
 * get a few more points by it.
 */
const LONGEST_SKIP = 32;

/**
 * A stroke that is being drawn. It is thinned as it grows: a point is kept only if the line would
 * stray without it. Kept points never change, so the audience sees the ink grow, and never move.
 */
export class GrowingStroke {
  #kept;
  /** The points since the last kept one. The last of them is the stroke's moving end. */
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

  /** The stroke that continues this one when it is full. */
  next(id) {
    return new GrowingStroke(id, this.slide, this.colour, { x: this.end.x / GRID.width, y: this.end.y / GRID.height });
  }

  /** The points as they are sent and drawn. */
  get points() {
    const points = this.#skipped.length ? [...this.#kept, this.end] : this.#kept;
    return points.flatMap(({ x, y }) => [x, y]);
  }
}

const onGrid = ({ x, y }) => ({ x: Math.round(x * GRID.width), y: Math.round(y * GRID.height) });
