/**
 * Copies what `element` shows. The clipboard API exists only in secure contexts, and a page on a LAN address is none;
 * there the older command does it, and where even that is refused the text stays selected for the person to copy.
 *
 * @param {HTMLElement} element
 * @returns {Promise<boolean>} whether it is on the clipboard
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
