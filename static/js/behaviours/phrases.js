// <section data-behaviour="phrases">: entries of the library beside an answer. One that is chosen goes where the cursor is;
// Enter in the search takes the first, Escape leaves them. Ctrl . opens them from the text.
import { put } from "./insert.js";

const text = () => document.querySelector("#answer-text");

// Where nobody has put the cursor yet, it goes under what stands there.
const insert = (field, words) => {
  const isUntouched = !field.dataset.entered && field.value.trim();
  if (isUntouched) field.setSelectionRange(field.value.length, field.value.length);
  put(field, isUntouched ? `\n\n${words}` : words, "");
};

export default (section) => {
  const leave = () => {
    text()?.focus();
    if (section.parentElement.id === "phrases") section.remove();
  };
  section.addEventListener("click", (event) => {
    const button = event.target.closest("[data-text]");
    if (!button || !text()) return;
    event.preventDefault();
    insert(text(), button.dataset.text);
    text().dispatchEvent(new Event("kept")); // what it leaves open is shown at once
    leave();
  });
  section.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      leave();
    } else if (event.key === "Enter" && event.target.matches("input")) {
      event.preventDefault();
      section.querySelector("[data-text]:not([disabled])")?.click();
    }
  });
};

document.addEventListener("focusin", ({ target }) => {
  if (target.id === "answer-text") target.dataset.entered = "yes";
});

document.addEventListener("keydown", (event) => {
  if (!event.ctrlKey || event.key !== "." || document.activeElement?.id !== "answer-text") return;
  event.preventDefault();
  document.querySelector("#answer-phrases")?.click();
});
