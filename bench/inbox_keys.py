"""The inbox by keyboard in a real Chromium: read, label, answer, snooze; each page with its server's time."""

from __future__ import annotations

import os
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from outreach.accounts.access import Member
from sending.inbox.models import Answer, Thread
from sending.inbox.threads.states import ThreadState
from tests.browser.chromium import end, window

_ROUNDS = 5
# The server's threads keep their connections, and the database is dropped behind us.
_LET_GO = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_OPENED = """() => {
  const [page] = performance.getEntriesByType('navigation');
  return page.responseEnd - page.requestStart;
}"""


def by_keyboard(member: Member) -> float:
    """Work through conversations by keys alone, and return the longest wait for a page in ms."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps a loop in this thread
    client = Client(SERVER_NAME="localhost")
    client.force_login(member.user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    server = LiveServer("localhost")
    try:
        with window(server.url, width=1280, dark=False) as page:
            page.context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server.url}],
            )
            page.goto(server.url + member.url("inbox:list"))  # the first page fills what a process keeps
            return max(_worked(page, server.url + member.url("inbox:list")) for _ in range(_ROUNDS))
    finally:
        end()
        server.stop()
        with connection.cursor() as cursor:
            cursor.execute(_LET_GO)


def _worked(page: Page, inbox: str) -> float:
    """Open the second conversation of the list, label and answer it, let it sleep; returns the longest wait."""
    keys = page.keyboard
    waits: list[tuple[float, str]] = []
    answers = Answer.objects.count()

    def goes(act: Callable[[], object], what: str) -> None:
        with page.expect_navigation():
            act()
        waits.append((page.evaluate(_OPENED), what))

    goes(lambda: page.goto(inbox), "the list")
    for key in ("j", "j"):
        keys.press(key)
    goes(lambda: keys.press("Enter"), "a conversation")
    pk = int(page.url.partition("?")[0].rpartition("/")[2])
    keys.press("l")
    keys.insert_text("Hot")
    goes(lambda: keys.press("Enter"), "labelled")
    keys.press("r")
    keys.insert_text("Ten a month.")
    goes(lambda: keys.press("Control+Enter"), "answered")
    keys.press("s")
    goes(lambda: keys.press("Enter"), "snoozed, and the list again")
    thread = Thread.objects.get(pk=pk)
    assert (thread.state, thread.labelled.count()) == (ThreadState.SNOOZED, 1)
    assert (Answer.objects.count(), thread.is_unread, thread.is_awaiting) == (answers + 1, False, False)
    print("  by keyboard: " + ", ".join(f"{what} {ms:.0f} ms" for ms, what in waits))
    return max(ms for ms, _ in waits)
