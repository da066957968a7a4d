/** Asks before the room is closed for everyone. @param {() => Promise<void>} close */
export function confirmClosing(close) {
  const dialog = document.querySelector("#confirm-close");
  document.querySelector("#close-room").addEventListener("click", () => dialog.showModal());
  document.querySelector("#close-room-no").addEventListener("click", () => dialog.close());
  document.querySelector("#close-room-yes").addEventListener("click", () => {
    dialog.close();
    close();
  });
}
