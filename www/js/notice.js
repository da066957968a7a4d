const SHOWN_MS = 6000;

let timer;

/** Shows a sentence over the page for a while. It is for failures after which the room goes on. */
export function showNotice(text) {
  const notice = document.querySelector("#notice");
  notice.textContent = text;
  clearTimeout(timer);
  timer = setTimeout(() => {
    notice.textContent = "";
  }, SHOWN_MS);
}
