"""The inbox with 50,000 conversations: server time of every scope, of searches, of a conversation; and by keyboard.

`make bench ARGS=inbox`, or `python -m tests.servers --durable python -m bench.bench_inbox [CONVERSATIONS]`: it works
in a database of its own, which it drops again. A time is that of the whole answer as the server makes it; on a busy
machine its CPU time says more. The line to hold is 100 ms at p95.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from random import Random

from django.db import connection
from django.test import Client, override_settings
from django.test.utils import setup_databases, teardown_databases

from bench.inbox_keys import by_keyboard
from bench.scene import make_owner
from bench.timing import cpu_seconds, cpu_seconds_of
from campaigns.contacts.models import Contact
from outreach.accounts.access import Member
from outreach.kit import clock
from outreach.kit.rows import copy_rows, reserve_ids
from sending.inbox.models import Thread
from sending.mailboxes.models import Mailbox

CONVERSATIONS = 50_000
LINE_MS = 100.0
_ROUNDS = 20
_MAILS_OF_LONGEST = 300
_WORDS = tuple(f"word{number}" for number in range(5_000))
_THREAD = (
    "id", "workspace_id", "mailbox_id", "writer", "topic", "name", "address", "subject", "snippet", "newest_at",
    "newest_kind", "says", "mails", "heard_at", "is_talk", "is_unread", "is_awaiting", "state", "snoozed_until",
    "done_at", "assignee_id", "version",
)  # fmt: skip
_MAIL = (
    "workspace_id", "mailbox_id", "thread_id", "content_key", "message_id", "from_name", "from_address", "subject",
    "text", "raw", "truncated", "received_at", "kind", "category", "evidence", "matched_by",
)  # fmt: skip
_TELL_WORDS = """
INSERT INTO inbox_thread_words (thread_id, words)
SELECT thread_id, to_tsvector('simple', concat_ws(' ', from_name, from_address, subject, text)) FROM inbox_message
ON CONFLICT DO NOTHING
"""
# Every other conversation was answered, the longest one fifty times.
_ANSWER = """
WITH made AS (
    INSERT INTO outbox_message (
        workspace_id, contact_id, mailbox_id, message_id, in_reply_to, "references", recipient, subject, body_text,
        body_html, state, attempt, attempt_number, refusals, not_after, reason, reply_enhanced, reply_text, dot_at,
        sent_at, ended_at)
    SELECT t.workspace_id, %(contact)s, t.mailbox_id, '<' || t.id || '-' || part || '@bench.example>', '', '',
           t.address, t.subject, 'Thank you for asking', '', 'sent', gen_random_uuid(), 1, 0, t.newest_at, t.id, '', '',
           t.newest_at, t.newest_at, t.newest_at
      FROM inbox_thread t, generate_series(1, CASE WHEN t.id = %(longest)s THEN 50 ELSE 1 END) part
     WHERE t.id %% 2 = %(longest)s %% 2
    RETURNING id, reason::bigint AS thread_id, dot_at)
INSERT INTO inbox_answer (message_id, thread_id, token, written_at, is_settled)
SELECT id, thread_id, gen_random_uuid(), dot_at, true FROM made
"""


def main(conversations: int = CONVERSATIONS) -> None:
    """Print p50 and p95 of each way to look at the inbox."""
    names = setup_databases(verbosity=0, interactive=False)
    try:
        member = make_owner()
        begun = time.perf_counter()
        load(member, conversations)
        print(f"{conversations:,} conversations loaded in {time.perf_counter() - begun:.0f} s")
        static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
        with override_settings(STORAGES={"default": memory, "staticfiles": static}):
            measure(member)
            slowest = by_keyboard(member)
            print(f"The longest wait of a browser for a page is {slowest:.0f} ms, the server's time and its own.")
    finally:
        teardown_databases(names, verbosity=0)


def load(member: Member, count: int) -> None:
    """Store the conversations by COPY: half open, a tenth unread, some snoozed, done, assigned or of machines."""
    mailbox = Mailbox.objects.create(
        workspace=member.workspace, address="me@bench.example", smtp_host="127.0.0.1", smtp_port=1,
        smtp_username="me", imap_host="127.0.0.1", imap_port=1, imap_username="me",
    )  # fmt: skip
    ids = reserve_ids("inbox_thread", count)
    copy_rows("inbox_thread", _THREAD, _threads(member, mailbox, ids))
    copy_rows("inbox_message", _MAIL, _mails(member, mailbox, ids))
    with connection.cursor() as cursor:
        cursor.execute(_TELL_WORDS)
        writer = Contact.objects.create(
            workspace=member.workspace, email="guest@x.example", email_key="guest@x.example", domain="x.example"
        )
        cursor.execute(_ANSWER, {"contact": writer.pk, "longest": ids[0]})
        cursor.execute("ANALYZE inbox_thread, inbox_message, inbox_thread_words, inbox_answer, outbox_message")


def _threads(member: Member, mailbox: Mailbox, ids: list[int]) -> Iterator[tuple[object, ...]]:
    now = clock.now()
    for number, pk in enumerate(ids):
        at = now - timedelta(minutes=number)
        state = ("open", "open", "open", "done", "snoozed")[number % 5] if number % 7 else "open"
        is_talk = number % 4 != 3
        yield (
            pk, member.workspace.pk, mailbox.pk, f"guest{number}@x.example", "", f"Guest {number}",
            f"guest{number}@x.example", f"Talk {number} about the offer", "Thank you for your message", at,
            "human_reply" if is_talk else "bounce", "", 1, at if is_talk else None, is_talk, number % 10 == 0,
            is_talk and number % 3 == 0, state, now + timedelta(days=1) if state == "snoozed" else None,
            at if state == "done" else None, member.user.pk if number % 20 == 0 else None, 1,
        )  # fmt: skip


def _mails(member: Member, mailbox: Mailbox, ids: list[int]) -> Iterator[tuple[object, ...]]:
    chance, now = Random(7), clock.now()  # the same words in each run
    for number, pk in enumerate(ids):
        for part in range(_MAILS_OF_LONGEST if number == 0 else 1):
            text = " ".join(["hello", *chance.choices(_WORDS, k=60)])
            yield (
                member.workspace.pk, mailbox.pk, pk, f"{pk}-{part}", f"<{pk}-{part}@x.example>", f"Guest {number}",
                f"guest{number}@x.example", f"Talk {number} about the offer", text, b"", False,
                now - timedelta(minutes=number, seconds=part), "human_reply", "none", "[]", "",
            )  # fmt: skip


def measure(member: Member) -> None:
    client = Client(SERVER_NAME="localhost")
    client.force_login(member.user)
    inbox = member.url("inbox:list")
    longest = Thread.objects.order_by("id")[0]
    middle = Thread.objects.order_by("id")[Thread.objects.count() // 2]
    deep = _deep(client, inbox)
    ways = {
        **{f"scope {one}": f"{inbox}?scope={one}" for one in ("all", "unread", "awaiting", "mine", "snoozed", "done")},
        "scope machines": f"{inbox}?scope=machines",
        "a page far down": inbox + deep,
        "search: a rare word": f"{inbox}?q=guest77%40x.example",
        "search: one of 5,000 words": f"{inbox}?q=word77",
        "search: two of them": f"{inbox}?q=word77+word78",
        "search: a word that all have": f"{inbox}?q=hello",
        "search: words that all have, side by side": f"{inbox}?q=%22about+the+offer%22",
        "search: words that none has side by side": f"{inbox}?q=%22offer+hello+the%22",
        "search: words that one has side by side": f"{inbox}?q=%22talk+49999+about%22",
        "search: a word that nobody has": f"{inbox}?q=nowhere",
        "a conversation": member.url("inbox:thread", middle.pk),
        f"one of {_MAILS_OF_LONGEST} mails": member.url("inbox:thread", longest.pk),
    }
    slowest = 0.0
    for name, url in ways.items():
        p50, p95, cpu = _timed(client, url)
        slowest = max(slowest, p95)
        print(f"  {name:<34} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   CPU {cpu:6.1f} ms")
    print(f"The slowest p95 is {slowest:.1f} ms; the line is {LINE_MS:.0f} ms.")


def _deep(client: Client, inbox: str) -> str:
    query = ""
    for _ in range(20):
        found = re.search(r'rel="next" href="([^"]+)"', client.get(inbox + query).text)
        query = unescape(found[1]) if found else query
    return query


def _timed(client: Client, url: str) -> tuple[float, float, float]:
    """Return p50 and p95 of the time, and the mean of the CPU time, of this process and of its PostgreSQL, in ms."""
    times = []
    client.get(url)
    cpu = _cpu_s()
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        answer = client.get(url)
        times.append(1000 * (time.perf_counter() - begun))
        assert answer.status_code == 200, url
    times = sorted(times)
    return statistics.median(times), times[int(len(times) * 0.95) - 1], 1000 * (_cpu_s() - cpu) / _ROUNDS


def _cpu_s() -> float:
    """Return what this process and the server's process of its connection have used so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    return cpu_seconds() + cpu_seconds_of(pid)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
