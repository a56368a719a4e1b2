// Small behaviours, bound by data-behaviour. Everything works without them.
const behaviours = {
  // A filter form sends itself when a choice changes.
  autosubmit(form) {
    form.addEventListener("change", (event) => {
      if (event.target.matches("select, [type=checkbox], [type=radio]")) form.requestSubmit();
    });
  },
  // <button data-behaviour="open" data-target="#id"> opens a dialog.
  open(button) {
    button.addEventListener("click", () => document.querySelector(button.dataset.target)?.showModal());
  },
  close(button) {
    button.addEventListener("click", () => button.closest("dialog")?.close());
  },
  copy(button) {
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.text ?? "");
      const before = button.textContent;
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = before; }, 1500);
    });
  },
  toast(box) {
    box.querySelector("button")?.addEventListener("click", () => box.remove());
    if (!box.matches(".toast-error")) setTimeout(() => box.remove(), 7000);
  },
  // A variable of the palette goes to where the cursor was.
  insert(button) {
    button.addEventListener("click", () => {
      const form = button.closest("form");
      const field = form?.lastField ?? form?.querySelector("textarea");
      if (!field) return;
      field.setRangeText(button.dataset.text, field.selectionStart, field.selectionEnd, "end");
      field.focus();
    });
  },
  remember(form) {
    form.addEventListener("focusin", (event) => {
      if (event.target.matches("textarea, input[type=text]")) form.lastField = event.target;
    });
  },
  dropzone(zone) {
    const input = zone.querySelector("input[type=file]");
    const name = zone.querySelector("[data-name]");
    const show = () => { if (name && input.files[0]) name.textContent = input.files[0].name; };
    input.addEventListener("change", show);
    for (const kind of ["dragover", "dragleave", "drop"]) {
      zone.addEventListener(kind, (event) => {
        event.preventDefault();
        zone.toggleAttribute("data-over", kind === "dragover");
        if (kind === "drop" && event.dataTransfer.files.length) {
          input.files = event.dataTransfer.files;
          show();
        }
      });
    }
  },
  "check-all"(box) {
    box.addEventListener("change", () => {
      for (const one of document.querySelectorAll(`input[name="${box.dataset.name}"]`)) one.checked = box.checked;
    });
  },
};

const bind = (root) => {
  for (const element of root.querySelectorAll?.("[data-behaviour]") ?? []) {
    if (element.bound) continue;
    element.bound = true;
    behaviours[element.dataset.behaviour]?.(element);
  }
};
bind(document);
document.addEventListener("htmx:afterSwap", (event) => bind(event.detail.elt.parentNode ?? document));

// Relative times stay true while a page is open.
const units = [[31536000, "year"], [2592000, "month"], [86400, "day"], [3600, "hour"], [60, "minute"]];
const relative = (date) => {
  const seconds = (Date.now() - date) / 1000;
  for (const [size, unit] of units) {
    const count = Math.floor(Math.abs(seconds) / size);
    if (count) return seconds > 0 ? `${count} ${unit}${count > 1 ? "s" : ""} ago` : `in ${count} ${unit}${count > 1 ? "s" : ""}`;
  }
  return seconds >= 0 ? "just now" : "in a moment";
};
setInterval(() => {
  for (const time of document.querySelectorAll('[data-behaviour="ago"]')) time.textContent = relative(new Date(time.dateTime));
}, 20000);
