/**
 * Copies the text of an element. The clipboard API exists only in secure contexts, and a page on a
 * LAN address is not one. There the older command copies the text. If that is refused too, the text
 * stays selected so that the person can copy it.
 *
 * @param {HTMLElement} element
 * @returns {Promise<boolean>} whether the text is on the clipboard
 */
export async function copyText(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return document.execCommand("copy");
  }
}
