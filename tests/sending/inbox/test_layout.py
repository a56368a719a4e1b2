"""The HTML of strangers' mails: what is shown of it, and that no browser runs or fetches anything for it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Dialog

from sending.inbox.layout import MOST, shown
from tests.browser.walker import browser
from tests.sending.inbox.hostile_html import AWAY, HOSTILE
from tests.sending.inbox.scene import come_in, mail, make_scene

_MAY_STAY = {"colspan", "rowspan"}


class Seen(HTMLParser):
    """The tags and attributes of a text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def is_harmless(html: str) -> bool:
    seen = Seen(html)
    active = {"a", "img", "script", "style", "svg", "math", "iframe", "form", "input", "link", "meta", "base", "video"}
    return not seen.tags & active and seen.attributes <= _MAY_STAY


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_active_is_left(name: str) -> None:
    assert is_harmless(shown(HOSTILE[name]))


@given(st.text(alphabet="<>/=\"' abdfghimnorstuvz!-&;#x0\n", max_size=200))
def test_nothing_active_is_left_of_any_text(html: str) -> None:
    assert is_harmless(shown(f"<p>{html}</p>"))


def test_words_tables_and_lists_stay_and_links_tell_where_they_lead() -> None:
    html = '<h1>Hi</h1><p>See <a href="https://x.test/a?b=1&c=2">our <b>site</b></a></p><td colspan="2">1</td><ul><li>a'
    text = shown(html)
    assert "<h1>Hi</h1>" in text
    assert "See <u>our <b>site</b></u> [https://x.test/a?b=1&amp;c=2]" in text
    assert "<li>a</li>" in text


def test_a_cell_spans_no_more_than_a_browser_bears() -> None:
    html = '<table><tr><td colspan="500">x</td><td colspan="x">x</td><td colspan="2">x</td></tr></table>'
    assert re.findall(r'span="(\d+)"', shown(html)) == ["100", "1", "2"]


def test_what_is_looked_at_has_an_end() -> None:
    assert len(shown("<p>x</p>" * MOST)) <= 2 * MOST


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_no_request_leaves_the_browser_and_no_script_runs(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    scene = make_scene()
    client = Client()
    client.force_login(scene.member.user)
    rows = []
    for number, (name, html) in enumerate(HOSTILE.items()):
        raw = mail(html, sender="Eve <eve@y.example>", subject=f"{name}<img src={AWAY}/s onerror=alert(1)>",
                   content_type="text/html; charset=utf-8", message_id=f"<{number}@y.example>")  # fmt: skip
        rows.append(come_in(scene, raw))
    asked: list[str] = []
    dialogs: list[str] = []

    def told(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    with browser(live_server.url) as walker:
        page = walker.page
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", told)
        for row in rows[:2]:
            page.goto(live_server.url + scene.member.url("inbox:thread", row.thread_id))
            page.evaluate("document.querySelectorAll('.mail-layout').forEach((one) => (one.open = true))")
            page.locator(".mail-frame").first.scroll_into_view_if_needed()
            page.frame_locator(".mail-frame").first.locator("body").wait_for(state="attached")
        for row in rows:  # the same bytes as a page of their own, where no sandbox of a frame stands around them
            page.goto(live_server.url + scene.member.url("inbox:layout", row.pk))
    strangers = [url for url in asked if not url.startswith((live_server.url, "data:"))]
    assert strangers == []
    assert dialogs == []
