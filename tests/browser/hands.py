"""A person at the keyboard alone: goes from control to control with Tab, types, and presses keys; never points."""

from __future__ import annotations

from dataclasses import dataclass

from tests.browser.walker import Walker

# More stops than any page has: a control that is not found within them cannot be reached.
_MOST_STOPS = 400
# Whether the control that has the focus bears the name, lies in the place, and shows that it has the focus.
_IS_AT = """([name, within]) => {
  const at = document.activeElement;
  if (!at || at === document.body) return false;
  const labels = [...(at.labels || [])].map((one) => one.innerText).join(" ");
  const given = at.getAttribute("aria-label") || labels || at.innerText || "";
  if (!given.trim().replace(/\\s+/g, " ").startsWith(name) || !at.closest(within)) return false;
  return at.matches(":focus-visible") ? true : "unseen";
}"""


@dataclass(frozen=True)
class Hands:
    """The keys of one window. looks: each page is checked; off where another test does so."""

    walker: Walker
    looks: bool = True

    def to(self, name: str, *, within: str = "body") -> None:
        """Press Tab until the control whose name begins so has the focus, in the part of the page that is meant."""
        page = self.walker.page
        for _ in range(_MOST_STOPS):
            found = page.evaluate(_IS_AT, [name, within])
            assert found != "unseen", f"{name} has the focus, and nothing shows it"
            if found:
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{page.url}: no key leads to {name}")

    def write(self, name: str, text: str, *, within: str = "body") -> None:
        """Go to a field and put a text in the place of what stands there."""
        self.to(name, within=within)
        self.walker.page.keyboard.press("Control+a")
        self.walker.page.keyboard.insert_text(text)

    def choose(self, name: str, option: str, *, within: str = "body") -> None:
        """Go to a list of choices and type the beginning of one."""
        self.to(name, within=within)
        self.walker.page.keyboard.type(option)

    def tick(self, name: str, *, within: str = "body") -> None:
        """Go to a box and press the space bar."""
        self.to(name, within=within)
        self.walker.page.keyboard.press("Space")

    def press(self, name: str, *, within: str = "body") -> None:
        """Go to a button or a link, press Enter, and check the page that follows."""
        self.to(name, within=within)
        page = self.walker.page
        before = page.evaluate("performance.timeOrigin")
        page.keyboard.press("Enter")
        page.wait_for_function("before => performance.timeOrigin !== before", arg=before)
        page.wait_for_load_state()
        if self.looks:
            self.walker.checked()

    def unfold(self, name: str, *, within: str = "body") -> None:
        """Go to a summary and open what it hides."""
        self.to(name, within=within)
        self.walker.page.keyboard.press("Enter")
