// <form data-behaviour="remember"> knows which field was used last;
// <button data-behaviour="insert" data-text="..."> puts its text where the cursor was, in its own form or, from a dialog,
// in the field that was used last on the page; data-name="city" stands for a variable with the palette's fallback;
// data-before and data-after go around what is marked.
const last = new WeakMap();
let used = null;

export const remember = (form) => {
  form.addEventListener("focusin", (event) => {
    const field = event.target.closest("textarea, input[type=text], [contenteditable]");
    if (!field) return;
    last.set(form, field);
    used = field;
  });
};

export const put = (field, before, after) => {
  if (field.put) {
    field.put(before, after); // an editor has a way of its own
    return;
  }
  const { selectionStart: start, selectionEnd: end, value } = field;
  field.focus();
  field.setRangeText(before + value.slice(start, end) + after, start, end, "end");
  if (after) field.setSelectionRange(field.selectionEnd - 1, field.selectionEnd - 1);
  field.dispatchEvent(new Event("input", { bubbles: true }));
};

const quoted = (text) => (text.includes('"') ? `'${text.replaceAll("\\", "").replaceAll("'", "\u2019")}'` : `"${text.replaceAll("\\", "")}"`);

const variable = (name) => {
  const fallback = document.querySelector("#palette-fallback")?.value.trim();
  return fallback ? `{{ ${name}|default(${quoted(fallback)}) }}` : `{{ ${name} }}`;
};

export const insert = (button) => {
  button.addEventListener("click", () => {
    const form = button.closest("form");
    const there = used?.isConnected ? used : null;
    const field = (form ? last.get(form) : there) ?? (form ?? document).querySelector(".variant textarea, textarea");
    if (!field) return;
    const { text, name, before, after } = button.dataset;
    button.closest("dialog")?.close();
    put(field, before ?? (name ? variable(name) : text), after ?? "");
  });
};

// <dialog data-behaviour="palette">: what is typed into its first field narrows the buttons; Enter takes the first.
export const palette = (dialog) => {
  const [filter, fallback] = dialog.querySelectorAll("input");
  const buttons = [...dialog.querySelectorAll("[data-name]")];
  const narrow = () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const button of buttons) button.hidden = !button.textContent.toLowerCase().includes(wanted);
  };
  filter.addEventListener("input", narrow);
  dialog.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    filter.value = fallback.value = "";
    narrow();
    filter.focus();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input")) return;
    event.preventDefault();
    buttons.find((button) => !button.hidden)?.click();
  });
  document.addEventListener("keydown", (event) => {
    if (!event.ctrlKey || event.key !== "." || document.querySelector("dialog[open]")) return;
    if (!document.activeElement?.closest("[data-behaviour~=remember]")) return;
    event.preventDefault();
    dialog.showModal();
  });
};
