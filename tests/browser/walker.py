"""A person at a browser: real Chromium on the live server, with an eye on accessibility, security policy and layout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from django.db import connections
from playwright.sync_api import ConsoleMessage, Page
from playwright.sync_api import Error as PlaywrightError

from tests.browser.chromium import window

PASSWORD = "correct horse battery"
SENDER = "olivia@brightpath.test"
WIDE, NARROW = 1280, 360
_MOVES = 5
# Its own preloading asks for imported style sheets at wrong addresses; none of its rules needs them.
_EVERYTHING = {"preload": False, "resultTypes": ["violations"]}
_CONTRASTS = {"preload": False, "runOnly": ["color-contrast"]}


@dataclass
class Walker:
    """One browser window; complaints are collected and asserted by `checked`. themes: it looks at both of them."""

    page: Page
    base: str
    dark: bool = False
    themes: bool = False
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Open a page and check it."""
        response = self.page.goto(self.base + path)
        assert response is not None
        assert response.status == 200, f"{path}: {response.status}"
        self.checked()

    def checked(self) -> None:
        """Assert that the page as it stands is accessible, fits its window and breaks no policy."""
        violations, overflow = self._judged()
        where = self.page.url.removeprefix(self.base)
        assert not violations, f"{where}: {violations}"
        assert overflow <= 0, f"{where}: {overflow} px wider than the window"
        assert not self.complaints, f"{where}: {self.complaints}"

    def _judged(self) -> tuple[list[str], int]:
        """Let axe look at the page, and measure how far it sticks out of the window.

        Where a page moves on by itself meanwhile, as after a test of a mailbox, that is done with the next one.
        """
        for _ in range(_MOVES):
            self.page.wait_for_load_state()
            try:
                found = self._violations(_EVERYTHING)
                if self.themes:
                    found += self._violations_in_the_other_theme()
                return found, self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            except PlaywrightError as error:
                if "because of a navigation" not in str(error):
                    raise
        raise AssertionError(f"{self.page.url} moves on and on")

    def _violations(self, options: dict[str, Any]) -> list[str]:
        if self.page.evaluate("typeof axe === 'undefined'"):
            self.page.evaluate(AXE_SCRIPT)
        # What passes is many times as much as what does not, and nobody asks for it.
        found = self.page.evaluate("options => axe.run(options).then(all => all.violations)", options)
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:160]} ({one['nodes'][0]['failureSummary'][:200]})" for one in found
        ]

    def _violations_in_the_other_theme(self) -> list[str]:
        """Judge the contrasts there: no other rule of axe asks for a colour."""
        self.page.emulate_media(color_scheme="light" if self.dark else "dark")
        try:
            return self._violations(_CONTRASTS)
        finally:
            self.page.emulate_media(color_scheme="dark" if self.dark else "light")

    def submit(self, button: str) -> None:
        """Press a button by its text and check the page that follows."""
        self.page.get_by_role("button", name=button, exact=True).first.click()
        self.checked()

    def heard(self, message: ConsoleMessage) -> None:
        """Keep what the browser complains about; a form that is refused answers 422, which it logs as an error."""
        if message.type in {"error", "warning"} and "422" not in message.text:
            self.complaints.append(message.text[:300])


@contextmanager
def browser(base: str, *, width: int = WIDE, dark: bool = False, themes: bool = False) -> Iterator[Walker]:
    """Open a window of Chromium; nothing but the live server may be asked for anything.

    themes: the contrasts of each page are judged in the other theme, too; cheaper than to go the same way twice.
    """
    with window(base, width=width, dark=dark) as page:
        page.set_default_timeout(15_000)
        walker = Walker(page, base, dark, themes)
        page.on("console", walker.heard)
        page.on("pageerror", lambda error: walker.complaints.append(str(error)[:300]))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((base, "data:", "blob:"))
                else walker.complaints.append(f"asked outside: {request.url}")
            ),
        )
        try:
            yield walker
        finally:
            # What the test itself asked meanwhile went over a connection of the browser's loop, which the next window's
            # loop would find again: dead, where somebody has ended all sessions of the database between.
            connections.close_all()
