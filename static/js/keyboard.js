// Keys: "/" search, "g" and a letter go to a page, j and k walk along rows, "?" shows the keys, Ctrl+K the palette; what
// else a page offers by a key carries data-key.
const PAUSE_MS = 900; // between "g" and its letter
let went = -Infinity;

const isTyping = (target) => target.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const show = (selector) => {
  const dialog = document.querySelector(selector);
  if (dialog && !dialog.open) dialog.showModal();
};

const walk = (step) => {
  const links = [...document.querySelectorAll("tbody a.table-main, [data-walk] a")].filter((link) => link.checkVisibility());
  if (!links.length) return;
  const row = document.activeElement?.closest("tr, [data-walk] li");
  const isHere = (link) => link === document.activeElement || (row && link.closest("tr, li") === row);
  const focused = links.findIndex(isHere);
  const now = focused < 0 ? links.findIndex((link) => link.getAttribute("aria-current") === "true") : focused;
  const next = links[now < 0 ? 0 : Math.max(0, Math.min(links.length - 1, now + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
};

// A page's own keys: the control that carries data-key="x" is pressed, opened or entered by x.
const press = (key) => {
  const controls = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)];
  const control = controls.find((one) => one.checkVisibility() && !one.disabled);
  if (!control) return false;
  if (control.matches("textarea, select, input")) {
    control.focus();
    control.scrollIntoView({ block: "nearest" });
  } else if (control.localName === "summary") {
    control.parentElement.open = true;
    (control.parentElement.querySelector("select, input:not([type=hidden]), textarea, button") ?? control).focus();
  } else control.click();
  return true;
};

const acts = {
  "/": () => document.querySelector("main input[type=search]")?.focus(),
  "?": () => show("#keys"),
  j: () => walk(1),
  k: () => walk(-1),
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    choose();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (event.timeStamp - went < PAUSE_MS) {
    went = -Infinity;
    const place = document.querySelector(`[data-keys="g ${CSS.escape(event.key)}"]`);
    if (place) {
      event.preventDefault();
      place.click();
      return;
    }
  }
  if (event.key === "g") went = event.timeStamp;
  else if (Object.hasOwn(acts, event.key)) {
    event.preventDefault();
    acts[event.key]();
  } else if (event.key.length === 1 && press(event.key)) event.preventDefault();
});

// The palette: what is typed narrows the list, Enter goes to its first entry, the arrows walk along it.
const palette = document.querySelector("#palette");
const filter = palette?.querySelector("input");
const entries = () => [...palette.querySelectorAll("a:not([hidden])")];

const narrow = () => {
  const wanted = filter.value.trim().toLowerCase();
  for (const link of palette.querySelectorAll("a")) {
    link.hidden = !link.textContent.toLowerCase().includes(wanted);
    delete link.dataset.first;
  }
  const [first] = entries();
  if (first) first.dataset.first = "";
};

// At once, and not when the dialog tells that it is open: by then somebody quick has typed.
const choose = () => {
  if (!palette || palette.open) return;
  filter.value = "";
  narrow();
  palette.showModal();
  filter.focus();
};

filter?.addEventListener("input", narrow);
palette?.addEventListener("keydown", (event) => {
  const links = entries();
  if (event.key === "Enter" && event.target === filter) {
    event.preventDefault();
    links[0]?.click();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const now = links.indexOf(document.activeElement);
    const next = now + (event.key === "ArrowDown" ? 1 : -1);
    (next < 0 ? filter : links[Math.min(next, links.length - 1)])?.focus();
  }
});
