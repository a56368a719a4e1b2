// Keys: "/" search, "g" + letter goes to a page, j/k move along rows, "?" shows help, Ctrl+K the palette.
const typing = (target) => target.matches?.("input, textarea, select, [contenteditable]");
let pending = "";

const move = (step) => {
  const links = [...document.querySelectorAll("tbody a.table-main")];
  const now = links.indexOf(document.activeElement);
  links[Math.max(0, Math.min(links.length - 1, now + step))]?.focus();
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "k") {
    event.preventDefault();
    document.querySelector("#palette")?.showModal();
    return;
  }
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (pending === "g") {
    pending = "";
    document.querySelector(`[data-keys="g ${event.key}"]`)?.click();
    return;
  }
  if (event.key === "g") {
    pending = "g";
    setTimeout(() => { pending = ""; }, 900);
  } else if (event.key === "/") {
    const search = document.querySelector('input[type="search"]');
    if (search) {
      event.preventDefault();
      search.focus();
    }
  } else if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "?") document.querySelector("#keys")?.showModal();
});

const filter = document.querySelector("#palette input");
filter?.addEventListener("input", () => {
  const wanted = filter.value.toLowerCase();
  for (const link of document.querySelectorAll("#palette a")) link.hidden = !link.textContent.toLowerCase().includes(wanted);
});
filter?.addEventListener("keydown", (event) => {
  if (event.key === "Enter") document.querySelector("#palette a:not([hidden])")?.click();
});
