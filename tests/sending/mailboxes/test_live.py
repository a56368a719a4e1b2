"""A connection test that is watched: line by line, without secrets, and nothing hangs on anybody looking."""

from __future__ import annotations

import json
import re
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client

from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from sending.chaos.faultsmtpd import Act, drip, say
from sending.mailboxes import live, testing
from sending.mailboxes.live import Live, Watched, watched
from sending.mailboxes.models import ConnectionTest, Mailbox
from sending.mailboxes.testing import test_connections as try_connections
from sending.smtp import Explanation, Line, Side
from tests.builders import PASSWORD, make_mailbox, make_member
from tests.sending.imap.faultimapd import FaultImap
from tests.sending.mailboxes.servers import WRONG, connected, smtp_of
from tests.sending.mailboxes.stage import form, page, sandbox_form, text_of
from tests.sending.outbox.plain import wait_until

pytestmark = pytest.mark.django_db
lasting = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some servers here are slow on purpose, none is silent."""
    monkeypatch.setattr(testing, "TIMEOUTS", replace(testing.TIMEOUTS, greeting=9, command=9))


@contextmanager
def under_way(mailbox: Mailbox) -> Iterator[None]:
    """Test the connections in another thread while the block lasts, and to the end of it."""

    def work() -> None:
        try:
            try_connections(mailbox)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join(20)
        assert not thread.is_alive()


def said(mailbox: Mailbox, protocol: str) -> str:
    return "\n".join(line["text"] for one in watched(mailbox.pk) if one.protocol == protocol for line in one.transcript)


def looked_at(client: Client, member: Member, mailbox: Mailbox, **query: str) -> str:
    response = client.get(member.url("mailboxes:tests", mailbox.pk), query, headers={"HX-Request": "true"})
    assert response.status_code == 200
    return response.text


SLOW_AUTH: dict[str, Act] = {"auth": drip(b"235 2.7.0 welcome, at last\r\n", every_s=0.05)}


@lasting
def test_the_lines_are_to_be_seen_while_the_test_runs_and_the_result_when_it_is_over(
    admin: Client, member: Member
) -> None:
    with connected(member, smtp=smtp_of(SLOW_AUTH), imap=FaultImap(WRONG)) as mailbox:
        with under_way(mailbox):
            wait_until(lambda: "AUTH PLAIN ********" in said(mailbox, "smtp"))
            smtp, _ = watched(mailbox.pk)
            assert (smtp.passed, "EHLO" in said(mailbox, "smtp")) == (None, True)
            html = looked_at(admin, member, mailbox)
            assert "every 700ms" in html
            assert "EHLO" in html
            assert not ConnectionTest.objects.exists()
            wait_until(lambda: not watched(mailbox.pk) or watched(mailbox.pk)[1].passed is False)
        assert watched(mailbox.pk) == []
    assert [row.passed for row in ConnectionTest.objects.order_by("-protocol")] == [True, False]
    html = looked_at(admin, member, mailbox)
    assert "Type both again" in html


def test_what_came_of_one_protocol_is_told_while_the_other_is_under_way(admin: Client, member: Member) -> None:
    mailbox = make_mailbox(member.workspace)
    running = Live(mailbox.pk, ("smtp", "imap"))
    running.note("smtp", Line(Side.SERVER, "535 5.7.8 wrong", 5))
    running.note("imap", Line(Side.NOTE, "Connected to imap.acme.test on port 993.", 7))
    running.tell("smtp", Explanation("The server answered: 535", "The password is wrong.", "Type it again."))
    text = text_of(looked_at(admin, member, mailbox))
    for words in ("SMTP test Failed", "The password is wrong.", "Type it again.", "IMAP test Running", "on port 993."):
        assert words in text
    running.end()
    assert "SMTP test" not in looked_at(admin, member, mailbox)


def test_another_test_of_the_same_mailbox_is_not_ended_by_the_first(member: Member) -> None:
    first, second = Live(1, ("smtp",)), Live(1, ("smtp",))
    first.end()
    assert watched(1) == [Watched("smtp")]
    second.end()
    assert watched(1) == []


@lasting
def test_no_secret_is_to_be_seen_while_the_test_runs(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    set_it = cache.set

    def heard(key: str, value: Any, timeout: float) -> None:
        seen.append(json.dumps(value))
        set_it(key, value, timeout)

    monkeypatch.setattr(cache, "set", heard)
    echo = {
        "auth": say(f"535 5.7.8 {PASSWORD} is wrong\r\n".encode()),
        "AUTHENTICATE": say(f"{{tag}} NO {PASSWORD} is wrong\r\n".encode()),
    }
    with connected(member, smtp=smtp_of(echo), imap=FaultImap(echo)) as mailbox:
        try_connections(mailbox)
    assert "******** is wrong" in seen[-1]
    for form_of_it in (PASSWORD, b64encode(f"\0{mailbox.address}\0{PASSWORD}".encode()).decode()):
        assert not any(form_of_it in text for text in seen)


def test_a_cache_that_is_slow_holds_no_test_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    class Slow:
        def set(self, *_: object) -> None:
            asked.append(time.monotonic())
            threading.Event().wait(0.3)

    monkeypatch.setattr(live, "cache", Slow())
    running = Live(1, ("smtp",))
    for _ in range(50):
        running.note("smtp", Line(Side.SERVER, "250 ok", 1))
    running.end()
    assert len(asked) == 1
    assert len(running.heard("smtp")) == 50


def test_a_talkative_server_is_watched_less_closely(monkeypatch: pytest.MonkeyPatch) -> None:
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    monkeypatch.setattr(cache, "set", counted)
    running = Live(1, ("smtp",))
    for _ in range(1000):
        running.note("smtp", Line(Side.SERVER, "250 ok", 1))
    assert 60 <= count < 80


# -- the pages --
def test_the_page_looks_again_for_a_while_and_then_waits(admin: Client, member: Member) -> None:
    mailbox = make_mailbox(member.workspace)
    html, looks = looked_at(admin, member, mailbox), 0
    while "every 700ms" in html:
        looks += 1
        assert looks < 50
        (told,) = re.findall(r"\?looks=(\d+)", html)
        html = looked_at(admin, member, mailbox, looks=told)
    assert looks == 20
    assert "htmx:beforeRequest from:#test-now" in html
    for nonsense in ("", "-1", "9" * 5000, "x"):
        looked_at(admin, member, mailbox, looks=nonsense)


def test_the_region_is_that_of_the_page(admin: Client, member: Member) -> None:
    with connected(member, imap=FaultImap(WRONG)) as mailbox:
        try_connections(mailbox)
    whole = page(admin, member, "mailboxes:detail", mailbox.pk)
    alone = looked_at(admin, member, mailbox, looks="20").replace("?looks=21", "?looks=0")
    ages = re.compile(r"<time.*?</time>", re.DOTALL)
    assert ages.sub("", alone.strip()) in ages.sub("", whole)


def test_without_scripts_the_test_is_done_when_the_page_comes(admin: Client, member: Member) -> None:
    with connected(member) as mailbox:
        response = admin.post(member.url("mailboxes:test", mailbox.pk))
        assert (response.status_code, response["Location"]) == (302, member.url("mailboxes:detail", mailbox.pk))
        with_scripts = admin.post(member.url("mailboxes:test", mailbox.pk), headers={"HX-Request": "true"})
    assert with_scripts["HX-Refresh"] == "true"
    assert ConnectionTest.objects.count() == 4


def test_with_scripts_the_page_of_a_saved_mailbox_begins_the_test_once(
    admin: Client, member: Member, world: Any
) -> None:
    response = admin.post(member.url("mailboxes:create"), sandbox_form(world) | {"scripted": "1"})
    assert response.status_code == 302
    assert not ConnectionTest.objects.exists()
    mailbox = Mailbox.objects.get()
    other = make_mailbox(member.workspace, "other@acme.test")
    begins = 'hx-trigger="submit, load delay:100ms"'
    assert begins not in page(admin, member, "mailboxes:detail", other.pk)
    assert begins in page(admin, member, "mailboxes:detail", mailbox.pk)
    assert begins not in page(admin, member, "mailboxes:detail", mailbox.pk)


def test_a_mailbox_that_is_saved_without_scripts_is_tested_at_once(admin: Client, member: Member) -> None:
    admin.post(member.url("mailboxes:create"), form(scripted=""))
    assert ConnectionTest.objects.count() == 2


def test_who_may_read_may_watch(client: Client, member: Member) -> None:
    client.force_login(make_member(member.workspace, Role.VIEWER).user)
    mailbox = make_mailbox(member.workspace)
    assert "Not tested yet" in looked_at(client, member, mailbox)
    alone = client.get(member.url("mailboxes:tests", mailbox.pk))
    assert alone["Location"] == member.url("mailboxes:detail", mailbox.pk)
