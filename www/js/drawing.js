import { distanceOfSegments } from "./geometry.js";
import { COLOURS, GRID } from "./tour.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * The freehand layer over the slides. It has all strokes of the room and shows those of one slide.
 */
export class Drawing {
  #layer;
  #strokes = new Map();
  #slide = 1;

  /** @param {SVGSVGElement} layer */
  constructor(layer) {
    this.#layer = layer;
    layer.setAttribute("viewBox", `0 0 ${GRID.width} ${GRID.height}`);
  }

  /** An id that no stroke of this room has had, as far as this page knows. */
  nextId = 1;

  showSlide(slide) {
    this.#slide = slide;
    for (const stroke of this.#strokes.values()) this.#showOrHide(stroke);
  }

  /**
   * Draws a stroke, or the longer version of a stroke that is there.
   *
   * @param {import("./tour.js").Stroke} stroke
   */
  draw(id, { slide, colour, points }) {
    const line = this.#strokes.get(id)?.line ?? this.#newLine(id);
    const stroke = { slide, colour, points, line };
    // A line of one point has no length, so a dot would not be drawn: the point is given twice.
    line.setAttribute("points", (points.length === 2 ? [...points, ...points] : points).join(" "));
    line.setAttribute("stroke", COLOURS[colour]);
    this.#strokes.set(id, stroke);
    this.#showOrHide(stroke);
    this.nextId = Math.max(this.nextId, id + 1);
  }

  has(id) {
    return this.#strokes.has(id);
  }

  erase(id) {
    this.#strokes.get(id)?.line.remove();
    this.#strokes.delete(id);
  }

  /** All strokes with their ids, as `[id, stroke]`. */
  get strokes() {
    return [...this.#strokes];
  }

  /** The ids of the strokes on the current slide. */
  get visible() {
    return this.#visible().map(([id]) => id);
  }

  /**
   * The ids of the strokes on the current slide that come within `reach` of the segment from–to.
   * All lengths are in grid units.
   */
  touchedBy(from, to, reach) {
    return this.#visible()
      .filter(([, { points }]) => touches(points, from, to, reach))
      .map(([id]) => id);
  }

  #visible() {
    return this.strokes.filter(([, { slide }]) => slide === this.#slide);
  }

  #newLine(id) {
    const line = document.createElementNS(SVG, "polyline");
    line.dataset.slot = `stroke-${id}`;
    return this.#layer.appendChild(line);
  }

  #showOrHide({ slide, line }) {
    line.toggleAttribute("hidden", slide !== this.#slide);
  }
}

function touches(points, from, to, reach) {
  const at = (index) => ({ x: points[index], y: points[index + 1] });
  for (let index = 0; index < points.length; index += 2) {
    const next = index + 2 < points.length ? index + 2 : index;
    if (distanceOfSegments(from, to, at(index), at(next)) <= reach) return true;
  }
  return false;
}
