/** A finger must rest this long before the laser lights under it: until then it may be a swipe. */
const SWIPE_MS = 180;

/** Share of the slide's width that a finger crosses in that time if it means to turn the slide. */
const SWIPE_SHARE = 0.08;

/**
 * Turns the pointer events of the presenter's stage into calls of the current tool, and quick swipes into steps.
 *
 * @param {HTMLElement} element
 * @param {{ tool(): import("./tools.js").Tool, swipeable(): boolean, onswipe(step: 1 | -1): void }} presenter
 *   `swipeable`: whether a finger may swipe now. With the pen it draws.
 */
export function listenToGestures(element, { tool, swipeable, onswipe }) {
  /** The pressed pointer: `undecided` while it may still become a swipe. One at a time; other fingers are ignored. */
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
    // A lifted finger is nowhere; and a tool that was changed in mid-gesture will not hear of the pointer again.
    if (event.pointerType === "touch" || used !== tool()) used.leave?.();
  };
  element.addEventListener("pointerup", finish);
  element.addEventListener("pointercancel", finish);
  element.addEventListener("lostpointercapture", finish);
  element.addEventListener("pointerleave", () => tool().leave?.());
  // Chromium takes a quick swipe for a fling, though nothing scrolls here, and swallows the next tap on whatever button
  // to stop it. Of a touch that is prevented it makes nothing; pointer events come all the same.
  element.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
}

/** Browsers bundle the moves between two frames, and hand out the parts only in a secure context. */
function partsOf(event) {
  const parts = event.getCoalescedEvents?.() ?? [];
  return parts.length ? parts : [event];
}
