// What is wider than its place: the tab of this page is brought into view, and a table can be
// scrolled with the keyboard too (WCAG 2.1.1).
const nameOf = (box) => box.closest(".card")?.querySelector("h2, h3")?.textContent.trim() || "Table";

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const isWider = target.scrollWidth > target.clientWidth;
    if (isWider) {
      target.tabIndex = 0;
      target.setAttribute("role", "region");
      target.setAttribute("aria-label", `${nameOf(target)}, scrolls sideways`);
    } else {
      target.removeAttribute("tabindex");
      target.removeAttribute("role");
      target.removeAttribute("aria-label");
    }
  }
});

export default (root) => {
  for (const box of root.querySelectorAll(".table-box")) sizes.observe(box);
  const tab = root.querySelector(".tab[aria-current]");
  if (!tab) return;
  const [place, bar] = [tab.getBoundingClientRect(), tab.parentElement.getBoundingClientRect()];
  tab.parentElement.scrollLeft += place.x + place.width / 2 - (bar.x + bar.width / 2); // only the bar, never the page
};
