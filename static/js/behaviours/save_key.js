// <form data-behaviour="save-key">: Ctrl+S in it presses its first button that saves.
export default (form) => {
  form.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    form.querySelector('button[aria-keyshortcuts="Control+S"]')?.click();
  });
};
