"""One Chromium for all windows of a run: to start one, and to fill its cache, costs as much as to look at six pages.

A window finds nothing of the one before it but files in the cache: cookies, storage and permissions go with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

from tests.needs import required

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
_HEIGHT = 900


@dataclass
class _Running:
    playwright: Playwright
    loop: asyncio.AbstractEventLoop
    context: BrowserContext | None = None

    def living(self) -> BrowserContext:
        """Return the context of the running Chromium; one is started when there is none, or the last one died."""
        if self.context is None or self.context.browser is None or not self.context.browser.is_connected():
            chromium = self.playwright.chromium.launch(executable_path=required("browser"), args=_FLAGS)
            self.context = chromium.new_context(reduced_motion="reduce")
        return self.context


_running: list[_Running] = []


@contextmanager
def window(origin: str, *, width: int, dark: bool) -> Iterator[Page]:
    """Open a window for the pages of an origin ("http://localhost:8000"), and forget afterwards what they have kept.

    Playwright keeps an event loop in this thread. It says that it runs only while a window is open, so that tests
    without one may run theirs, and Django lets them ask the database.
    """
    if not _running:
        playwright = sync_playwright().start()
        _running.append(_Running(playwright, asyncio.get_running_loop()))
    (running,) = _running
    asyncio._set_running_loop(running.loop)
    try:
        context = running.living()
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": _HEIGHT})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.bring_to_front()  # only the window in front has the focus
        try:
            yield page
        finally:
            _forget(context, origin)
    finally:
        asyncio._set_running_loop(None)


def _forget(context: BrowserContext, origin: str) -> None:
    for page in context.pages:
        page.close()
    blank = context.new_page()
    context.new_cdp_session(blank).send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    blank.close()
    context.clear_cookies()
    context.clear_permissions()


def end() -> None:
    """End Chromium and Playwright, when they run."""
    while _running:
        running = _running.pop()
        asyncio._set_running_loop(running.loop)
        try:
            if running.context is not None and running.context.browser is not None:
                running.context.browser.close()
            running.playwright.stop()
        finally:
            asyncio._set_running_loop(None)
