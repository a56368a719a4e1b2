// A table that is wider than its box can be scrolled with the keyboard too (WCAG 2.1.1).
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const isWider = target.scrollWidth > target.clientWidth;
    if (isWider) {
      target.tabIndex = 0;
      target.setAttribute("role", "region");
      target.setAttribute("aria-label", "Table, scrolls sideways");
    } else {
      target.removeAttribute("tabindex");
      target.removeAttribute("role");
      target.removeAttribute("aria-label");
    }
  }
});

export default (root) => {
  for (const box of root.querySelectorAll(".table-box")) sizes.observe(box);
};
