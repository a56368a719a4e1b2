// <form data-behaviour="save-key">: Ctrl+S in it presses its button that saves, Ctrl+Enter the one that sends.
const SHORTCUTS = { s: "Control+S", enter: "Control+Enter" };

export default (form) => {
  form.addEventListener("keydown", (event) => {
    const shortcut = SHORTCUTS[event.key.toLowerCase()];
    if (!shortcut || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    const button = form.querySelector(`button[aria-keyshortcuts="${shortcut}"]`);
    if (!button && event.key === "Enter") return;
    event.preventDefault();
    button?.click();
  });
};
