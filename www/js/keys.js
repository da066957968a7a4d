const STEPS = {
  ArrowRight: (slide) => slide + 1,
  ArrowDown: (slide) => slide + 1,
  PageDown: (slide) => slide + 1,
  " ": (slide) => slide + 1,
  ArrowLeft: (slide) => slide - 1,
  ArrowUp: (slide) => slide - 1,
  PageUp: (slide) => slide - 1,
  Home: () => 1,
  End: (_, count) => count,
};

/**
 * Listens to the keyboard, and to remote controls, which act as keyboards and send PageUp and
 * PageDown.
 *
 * @param {import("./deck.js").Deck} deck
 * @param {{ goTo(slide: number): void, shortcuts: { [key: string]: () => void } }} presenter
 */
export function listenToKeys(deck, { goTo, shortcuts }) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isForElement(event)) return;
    const step = STEPS[event.key];
    const shortcut = shortcuts[event.key.toLowerCase()];
    if (!step && !shortcut) return;
    event.preventDefault();
    if (step) goTo(step(deck.slide, deck.count));
    else shortcut();
  });
}

/**
 * Whether the key is for the element with the focus: in a dialog or field, or space on a button.
 */
function isForElement({ key, target }) {
  if (document.querySelector("dialog[open]") || target.closest("input, textarea, select")) return true;
  return key === " " && target.closest("button, a, summary") !== null;
}
