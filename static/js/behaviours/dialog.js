// <button data-behaviour="open" data-target="#id"> opens a <dialog>, data-behaviour="close" closes the one it is in.
export const open = (button) => {
  button.addEventListener("click", () => {
    const dialog = document.querySelector(button.dataset.target);
    if (dialog && !dialog.open) dialog.showModal();
  });
};

export const close = (button) => {
  button.addEventListener("click", () => button.closest("dialog")?.close());
};

// A click beside a dialog closes it, as Escape does.
document.addEventListener("click", (event) => {
  if (event.target instanceof HTMLDialogElement && event.target.open) {
    const box = event.target.getBoundingClientRect();
    const beside =
      event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
    if (beside && event.detail) event.target.close();
  }
});
