// Regions that ask for themselves (hx-trigger="every ..."): they rest while nobody looks or a control in them is used,
// and what had the focus has it again in the region that comes.
const asksForItself = (element) => element.getAttribute?.("hx-trigger")?.startsWith("every ");
const isUsed = (region) =>
  region.contains(document.activeElement) && document.activeElement.matches("select, input, textarea");

let kept = "";

const nameOf = (element) => {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute("href");
  return href ? `${element.localName}[href="${CSS.escape(href)}"]` : "";
};

export const restWhileUsed = () => {
  document.addEventListener("htmx:beforeRequest", (event) => {
    const region = event.detail.elt;
    if (asksForItself(region) && (document.hidden || isUsed(region))) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target } = event.detail;
    if (isUsed(target) && asksForItself(target)) event.detail.shouldSwap = false;
    // nothing has the focus while an answer before this one settles: what had it is still known
    if (document.activeElement !== document.body) kept = target.contains(document.activeElement) ? nameOf(document.activeElement) : "";
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (kept && document.activeElement === document.body) document.querySelector(`main ${kept}`)?.focus({ preventScroll: true });
    kept = "";
  });
};
