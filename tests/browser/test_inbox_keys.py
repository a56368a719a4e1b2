"""The inbox by keyboard alone: walk, open, answer, snooze, label, put away; wide and on a telephone in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from campaigns.library.checking import SnippetEntry
from campaigns.library.services import create_snippet
from sending.inbox.models import Draft, Label, Thread
from sending.inbox.threads.states import ThreadState
from sending.outbox.models import OutboundMessage
from tests.browser.walker import NARROW, Walker, browser
from tests.sending.inbox.scene import CAME_AT, Scene, come_in, days, mail, make_scene
from tests.sending.inbox.threads.test_saying import long_talk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def write(scene: Scene, number: int) -> None:
    raw = mail(f"Question {number}", sender=f"Guest {number} <guest{number}@y.example>", subject=f"Talk {number}")
    come_in(scene, raw, at=CAME_AT + days(number))


@contextmanager
def signed_in(live_server: Any, scene: Scene, **how: Any) -> Iterator[Walker]:
    client = Client()
    client.force_login(scene.member.user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookie: Any = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    with browser(live_server.url, **how) as walker:
        walker.page.context.add_cookies([cookie])
        yield walker


def answer(walker: Walker) -> None:
    """Write an answer that is kept meanwhile, put a snippet into it, fill in what it leaves open, and send it."""
    page, keys = walker.page, walker.page.keyboard
    keys.press("r")
    keys.insert_text("Ten a month.")
    page.wait_for_function("document.activeElement.id === 'answer-text'")
    with page.expect_response("**/draft"):
        keys.press("End")
        keys.type("!")
    keys.press("Control+.")
    # They are seen before they are settled: until their search has the cursor, Enter is one more line of the answer.
    page.locator(".phrases input:focus").wait_for()
    keys.press("Enter")  # the only one
    page.locator("#answer-text:focus").wait_for()
    page.get_by_text("Still open in it").wait_for()
    for _ in "[[first_name]]":
        keys.press("Backspace")
    keys.type("Bo")
    with page.expect_navigation():
        keys.press("Control+Enter")
    page.get_by_text("Waits for its turn").wait_for()
    walker.checked()


def test_the_inbox_is_worked_through_by_keys(live_server: Any) -> None:
    scene = make_scene()
    create_snippet(scene.member, SnippetEntry("Regards", "Yours, {{ first_name }}"))
    for number in range(4):
        write(scene, number)
    with signed_in(live_server, scene) as walker:
        page, keys = walker.page, walker.page.keyboard
        walker.open(scene.member.url("inbox:list"))
        for key in ("j", "j", "k", "j", "Enter"):  # the second of the list
            keys.press(key)
        page.wait_for_url("**/threads/*")
        page.get_by_role("heading", name="Talk 2").wait_for()
        walker.checked()
        answer(walker)
        keys.press("l")
        keys.insert_text("Hot")
        with page.expect_navigation():  # a page that is still coming hears no key
            keys.press("Enter")
        page.get_by_role("link", name="Hot").first.wait_for()
        keys.press("e")
        page.wait_for_url("**/inbox/")
        assert OutboundMessage.objects.get(campaign=None).body_text.startswith("Ten a month.!Yours, Bo\n")
        assert not Draft.objects.exists()
        assert Label.objects.get().name == "Hot"
        assert Thread.objects.get(subject="Talk 2").state == ThreadState.DONE
        for key in ("j", "Enter"):
            keys.press(key)
        page.wait_for_url("**/threads/*")
        page.get_by_role("heading", name="Talk 3").wait_for()
        keys.press("s")
        keys.press("Enter")
        page.wait_for_url("**/inbox/")
        assert Thread.objects.get(subject="Talk 3").state == ThreadState.SNOOZED
        write(scene, 9)
        page.get_by_text("Talk 9").wait_for()  # it comes by itself
        keys.press("?")
        page.get_by_text("Give it to somebody").wait_for()
    with signed_in(live_server, scene, width=NARROW, dark=True) as walker:
        walker.open(scene.member.url("inbox:list"))
        walker.open(scene.member.url("inbox:thread", Thread.objects.get(subject="Talk 1").pk))


def test_what_was_said_before_stays_while_the_page_asks_for_itself(live_server: Any) -> None:
    scene = make_scene()
    thread = long_talk(scene, 45)
    with signed_in(live_server, scene) as walker:
        page, keys = walker.page, walker.page.keyboard
        walker.open(scene.member.url("inbox:thread", thread.pk))
        for oldest in ("mail 6", "Good day"):
            keys.press("o")
            page.get_by_text(oldest, exact=True).wait_for()
        assert page.locator("#earlier-mails").count() == 0
        come_in(scene, mail("One more", in_reply_to=scene.message.message_id), at=CAME_AT + days(1))
        page.evaluate(
            "const one = document.querySelector('#talk');"
            "htmx.ajax('GET', one.getAttribute('hx-get'), {target: '#talk', swap: 'outerHTML'})"
        )
        page.get_by_text("One more", exact=True).wait_for()
        assert page.locator(".mail-came").count() == 46
        walker.checked()
