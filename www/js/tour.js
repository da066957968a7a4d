/**
 * What the presenter may call on every page of the audience: the whole contract between the two
 * views.
 *
 * | function key | slot | retained | means |
 * |---|---|---|---|
 * | `goTo(slide)` | `goTo` | yes | show this slide, 1, 2, 3 … |
 * | `laser(x, y)` | `laser` | yes | the pointer is here, 0..1 of the slide |
 * | `stroke(id, slide, colour, points)` | `stroke-<id>` | yes | this stroke, as far as it is drawn |
 *
 * A cleared slot undoes its function: the laser goes out, the stroke is erased.
 *
 * The laser is a state message although it moves sixty times a second, for two reasons: a page that
 * missed that the pointer left learns it later, and while the connection is down, a new position
 * replaces the old one in the queue.
 */

/**
 * The grid of integers over the slide on which strokes are drawn. Its numbers are short on the
 * wire, and it is finer than a pixel on most screens.
 */
export const GRID = { width: 3200, height: 1800 };

/**
 * How many points one stroke may have. A longer one goes on in the next slot, so that the message
 * of each move stays small.
 */
export const MAX_POINTS = 128;

/** The colours. Messages have only their names, so that no text from the wire gets into a style. */
export const COLOURS = { yellow: "#ffd447", coral: "#ff7a59", mint: "#6fe3b4", sky: "#7cc4ff", white: "#ffffff" };

const LASER = "laser";
const STROKE = "stroke";

/**
 * The functions that a page registers. Each checks its params before the view gets them, because
 * they come from another machine, and perhaps from another version of this site.
 *
 * @param {{ showSlide(slide: number): void, pointAt(x: number, y: number): void, putOut(): void,
 *           drawStroke(id: number, stroke: Stroke): void, eraseStroke(id: number): void }} view
 * @returns {{ functions: import("rtbroadcaster").Functions, onclear: (slot: string) => void }}
 *
 * @typedef {{ slide: number, colour: string, points: number[] }} Stroke `points` is flat: x, y, x,
 * y …
 */
export function listener(view) {
  return {
    functions: {
      goTo(slide) {
        // It may be a string too: the original system's params can only be strings.
        const number = typeof slide === "string" ? Number(slide) : slide;
        if (isCount(number)) view.showSlide(number);
      },
      laser(x, y) {
        if (isShare(x) && isShare(y)) view.pointAt(x, y);
      },
      stroke(id, slide, colour, points) {
        if (isCount(id) && isCount(slide) && isColour(colour) && arePoints(points)) {
          view.drawStroke(id, { slide, colour, points });
        }
      },
    },
    onclear(slot) {
      const id = strokeOfSlot(slot);
      if (slot === LASER) view.putOut();
      else if (id) view.eraseStroke(id);
    },
  };
}

/**
 * The presenter's side: functions that send the same calls.
 *
 * @param {import("rtbroadcaster").Room} room
 * @param {(error: import("rtbroadcaster").RoomError) => void} onrefused called if the SDK or the
 * server refuses an action
 */
export function driver(room, onrefused) {
  const broadcast = (...action) => void room.broadcast(...action).catch(onrefused);
  const clear = (slot) => void room.clear(slot).catch(onrefused);
  return {
    goTo: (slide) => broadcast("goTo", [slide], { state: true }),
    laser: (x, y) => broadcast(LASER, [round(x), round(y)], { state: true }),
    laserOff: () => clear(LASER),
    stroke: (id, { slide, colour, points }) => broadcast(STROKE, [id, slide, colour, points], { slot: `stroke-${id}` }),
    erase: (id) => clear(`stroke-${id}`),
  };
}

/** The id of the stroke that a slot retains, or undefined for any other slot. */
export function strokeOfSlot(slot) {
  const digits = /^stroke-([1-9]\d{0,14})$/.exec(slot)?.[1];
  return digits && Number(digits);
}

const isCount = (value) => Number.isSafeInteger(value) && value >= 1;
const isShare = (value) => Number.isFinite(value) && value >= 0 && value <= 1;
const isColour = (value) => typeof value === "string" && Object.hasOwn(COLOURS, value);
const isOnGrid = (value) => Number.isInteger(value) && value >= 0 && value <= GRID.width;

function arePoints(points) {
  return (
    Array.isArray(points) &&
    points.length >= 2 &&
    points.length <= 2 * MAX_POINTS &&
    points.length % 2 === 0 &&
    points.every(isOnGrid)
  );
}

/**
 * Rounds to four decimals, a fifth of a pixel on a slide that is 2,000 pixels wide. More would only
 * make the message longer.
 */
const round = (share) => Math.round(share * 10_000) / 10_000;
