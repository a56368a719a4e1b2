// <form data-behaviour="remember"> knows which field was used last;
// <button data-behaviour="insert" data-text="..."> in it puts the text where the cursor was.
const last = new WeakMap();

export const remember = (form) => {
  form.addEventListener("focusin", (event) => {
    if (event.target.matches("textarea, input[type=text]")) last.set(form, event.target);
  });
};

export const insert = (button) => {
  button.addEventListener("click", () => {
    const form = button.closest("form");
    const field = last.get(form) ?? form?.querySelector("textarea");
    if (!field) return;
    field.setRangeText(button.dataset.text, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
};
