/** How long a finger must rest before the laser lights under it. Until then it may be a swipe. */
const SWIPE_MS = 180;

/** The share of the slide's width that a finger must cross in that time to turn the slide. */
const SWIPE_SHARE = 0.08;

/**
 * Turns the pointer events of the presenter's stage into calls of the current tool, and quick
 * swipes into steps.
 *
 * @param {HTMLElement} element
 * @param {{
 *   tool(): import("./tools.js").Tool,
 *   swipeable(): boolean,
 *   onswipe(step: 1 | -1): void,
 * }} presenter `swipeable`: whether a finger may swipe now; with the pen it draws
 */
export function listenToGestures(element, { tool, swipeable, onswipe }) {
  /** The pressed pointer: `undecided` while it may become a swipe. Other fingers are ignored. */
  let press;

  const positionOf = ({ clientX, clientY }) => {
    const box = element.getBoundingClientRect();
    return { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height };
  };

  const startTool = (event, at) => {
    press = { id: event.pointerId, tool: tool() };
    press.tool.start(at);
  };

  const waitForSwipe = (event) => {
    const from = positionOf(event);
    const timer = setTimeout(() => startTool(event, press.at), SWIPE_MS);
    press = { id: event.pointerId, undecided: true, from, at: from, timer };
  };

  element.addEventListener("pointerdown", (event) => {
    if (press || event.button !== 0 || !event.isPrimary) return;
    element.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch" && swipeable()) waitForSwipe(event);
    else startTool(event, positionOf(event));
    event.preventDefault();
  });

  element.addEventListener("pointermove", (event) => {
    if (!press) {
      if (event.pointerType !== "touch") tool().hover?.(positionOf(event));
    } else if (press.id !== event.pointerId) {
      return;
    } else if (press.undecided) {
      press.at = positionOf(event);
      const across = press.at.x - press.from.x;
      if (Math.abs(across) < SWIPE_SHARE || Math.abs(across) < Math.abs(press.at.y - press.from.y)) return;
      clearTimeout(press.timer);
      press.swipe = across < 0 ? 1 : -1;
    } else {
      for (const each of partsOf(event)) press.tool.move(positionOf(each));
    }
  });

  const finish = (event) => {
    if (press?.id !== event.pointerId) return;
    const { undecided, timer, swipe, tool: used } = press;
    press = undefined;
    clearTimeout(timer);
    if (swipe) onswipe(swipe);
    if (undecided) return;
    used.end();
    // A lifted finger points nowhere. A tool that was replaced during the gesture gets no more
    // events.
    if (event.pointerType === "touch" || used !== tool()) used.leave?.();
  };
  element.addEventListener("pointerup", finish);
  element.addEventListener("pointercancel", finish);
  element.addEventListener("lostpointercapture", finish);
  element.addEventListener("pointerleave", () => tool().leave?.());
  // Chromium treats a quick swipe as a fling, though nothing scrolls here. To stop the fling, it
  // swallows the next tap on any button. It does nothing with a touch whose default is prevented,
  // and the pointer events still come.
  element.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
}

/** Browsers merge the moves between two frames. They give the parts only in a secure context. */
function partsOf(event) {
  const parts = event.getCoalescedEvents?.() ?? [];
  return parts.length ? parts : [event];
}
