"""The score of SpamAssassin, asked of real sockets: one that speaks its protocol (SPAMC 1.5), others that do not."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.core.cache import cache

from campaigns.sequences.models import Variant
from outreach.accounts.roles import Role
from outreach.env import BadSetting, Daemon, env, load
from sending.proofs import spam, views
from sending.proofs.spam import NoScore, score_of
from tests.builders import make_member
from tests.sending.planner.pages import make_draft, page_of, signed_in, text_of
from tests.sending.planner.stage import make_team

REPORT = b"""\
Spam detection software, running on the system "vm",
has identified this incoming email as possible spam.

Content analysis details:   (11.3 points, 5.0 required)

 pts rule name              description
---- ---------------------- --------------------------------------------------
-0.0 NO_RELAYS              Informational: message was not relayed via SMTP
 2.7 DEAR_FRIEND            BODY: Dear Friend? That's not very dear!
1000 GTUBE                  BODY: Generic Test for Unsolicited Bulk Email
 0.2 NORMAL_HTTP_TO_IP      URI: URI host has a public dotted-decimal IPv4
                            address
"""
ANSWER = (
    b"SPAMD/1.1 0 EX_OK\r\nContent-length: %d\r\nSpam: True ; 11.3 / 5.0\r\n\r\n" % len(REPORT)
) + REPORT  # as spamd 4.0.1 answers


@contextmanager
def spamd(answer: bytes | None) -> Iterator[tuple[Daemon, list[bytes]]]:
    """Run a daemon that answers so, or (None) never; it keeps what it was asked."""
    asked: list[bytes] = []
    over = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = b"".join(iter(self.rfile.readline, b"\r\n"))
            (length,) = re.findall(rb"(?i)content-length: *(\d+)", head)
            asked.extend([head, self.rfile.read(int(length))])
            if answer is None:
                over.wait(10)
            else:
                self.wfile.write(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Daemon("127.0.0.1", server.server_address[1]), asked
        finally:
            over.set()
            server.shutdown()
            thread.join()


def test_score_and_rules_come_with_what_they_say() -> None:
    with spamd(ANSWER) as (daemon, asked):
        score = score_of(b"Subject: x\r\n\r\nHi\r\n", daemon)
    assert (score.points, score.threshold, score.is_spam) == (11.3, 5.0, True)
    assert [(one.points, one.name) for one in score.rules] == [
        (1000.0, "GTUBE"), (2.7, "DEAR_FRIEND"), (0.2, "NORMAL_HTTP_TO_IP"), (0.0, "NO_RELAYS"),
    ]  # fmt: skip
    assert score.rules[1].words == "BODY: Dear Friend? That's not very dear!"
    assert asked[0].startswith(b"REPORT SPAMC/1.5")
    assert asked[1] == b"Subject: x\r\n\r\nHi\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"220 smtp.example ESMTP\r\n",
        b"",
        b"SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\n\r\n",
        b"SPAMD/1.1 75 EX_TEMPFAIL\r\n\r\n",
    ],
    ids=["smtp", "nothing", "no verdict", "refused"],
)
def test_what_is_no_spamassassin_gives_words_and_no_error(answer: bytes) -> None:
    with spamd(answer) as (daemon, _), pytest.raises(NoScore, match="cannot be reached, or something else listens"):
        score_of(b"x", daemon)


def test_nobody_there_and_nobody_who_answers_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(NoScore, match="cannot be reached"):
            score_of(b"x", Daemon("127.0.0.1", held.getsockname()[1]))
    monkeypatch.setattr(spam, "TIMEOUT_S", 0.2)
    with spamd(None) as (daemon, _), pytest.raises(NoScore, match=r"had not answered within 0\.2 s"):
        score_of(b"x", daemon)


def test_the_setting_names_host_and_port() -> None:
    known = {"DATABASE_URL": "postgresql://a/b", "REDIS_URL": "redis://a", "OUTREACH_SECRET_KEY": "x"}
    known |= {"OUTREACH_CREDENTIAL_KEYS": "x", "OUTREACH_DATA_DIR": "/nonexistent"}
    assert load(known).spamd is None
    assert load({**known, "OUTREACH_SPAMD_URL": "spamd://127.0.0.1:17830"}).spamd == Daemon("127.0.0.1", 17830)
    assert load({**known, "OUTREACH_SPAMD_URL": "spamd://[::1]"}).spamd == Daemon("::1", 783)
    for wrong in ("127.0.0.1:783", "spamd://", "spamd://x:99999"):
        with pytest.raises(BadSetting, match="OUTREACH_SPAMD_URL"):
            load({**known, "OUTREACH_SPAMD_URL": wrong})


@pytest.mark.django_db
def test_a_member_gets_the_score_of_the_exact_bytes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    member = make_team()
    make_draft(member)
    url, shown = (member.url(f"proofs:{name}", Variant.objects.get().pk) for name in ("spam", "exact"))
    viewer = signed_in(make_member(member.workspace, Role.VIEWER))
    assert "No SpamAssassin is configured" in text_of(signed_in(member).post(url))
    with spamd(ANSWER) as (daemon, asked):
        monkeypatch.setattr(views, "env", lambda: replace(env(), spamd=daemon))
        assert (url in page_of(signed_in(member).get(shown)), url in page_of(viewer.get(shown))) == (True, False)
        assert (signed_in(member).get(url).status_code, viewer.post(url).status_code, asked) == (405, 403, [])
        first, second = (text_of(signed_in(member).post(url)) for _ in range(2))
        assert "11.3 of 5.0 points: this would be taken for spam" in first
        assert "DEAR_FRIEND" in second
        assert len(asked) == 2  # the head and the bytes of one question
        assert b"Subject: For Ada0\r\n" in asked[1]
        Variant.objects.update(subject="Another")
        cache.set(f"proofs:spam:turn:{member.workspace.pk}", 1)
        assert "about another message at this moment" in text_of(signed_in(member).post(url))
        cache.delete(f"proofs:spam:turn:{member.workspace.pk}")
        assert len(asked) == 2
    assert "cannot be reached" in text_of(signed_in(member).post(url))


def test_a_name_that_resolves_too_slowly_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        over.wait(10)
        raise OSError("too late")

    monkeypatch.setattr(spam, "TIMEOUT_S", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", slow)
    begun = time.monotonic()
    with pytest.raises(NoScore, match="had not answered"):
        score_of(b"x", Daemon("spamd.example", 783))
    assert time.monotonic() - begun < 5
    over.set()
