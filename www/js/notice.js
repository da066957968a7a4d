const SHOWN_MS = 6000;

let timer;

/** Shows a sentence for a while over the page, for what goes wrong without ending anything. */
export function showNotice(text) {
  const notice = document.querySelector("#notice");
  notice.textContent = text;
  clearTimeout(timer);
  timer = setTimeout(() => {
    notice.textContent = "";
  }, SHOWN_MS);
}
