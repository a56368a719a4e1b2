"""Send 5,000 messages from the queue in PostgreSQL to a local sink over kept connections, beside a peer and a limit.

Ours does the whole life of each message: claim, gates, wording, MIME, durable mark, SMTP, record, events, tallies.
The peer takes rendered messages from its queue and sends them. The limit is Postfix's load generator, which has no
queue and writes nothing down; it and its sink are used where Debian's package postfix is installed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import timedelta
from typing import IO

from django.conf import settings
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from django.utils.timezone import now
from post_office.mail import send_queued
from post_office.models import PRIORITY, STATUS, Email

from bench.scene import ALWAYS, FREE, make_leads, make_mailboxes, make_owner
from bench.timing import Figure, timed
from campaigns.contacts.models import Contact
from campaigns.sequences import services as sequences
from campaigns.sequences.models import Step, Variant
from campaigns.sequences.services import Schedule, Text
from outreach.embedded.ports import free_port
from sending.mailboxes.models import MailboxClock
from sending.outbox.models import OutboundMessage
from sending.planner.services import launch, set_senders
from sending.planner.throttling import set_throttles

_PATH = os.environ.get("PATH", "") + ":/usr/sbin"
_SINK = shutil.which("smtp-sink", path=_PATH)
_SOURCE = shutil.which("smtp-source", path=_PATH)
MESSAGES = 5_000
MAILBOXES = 100
WORKERS = 2  # processes, of both sides
_LINE = "One short question about how {{ company }} does this today. "
_BODY = "Hi {{ first_name }},\n\n" + f"{_LINE * 4}\n\n" * 3 + "Best\n"
_HTML = "<p>Hi {{ first_name }},</p>\n" + f"<p>{_LINE * 4}</p>\n" * 3 + "<p>Best</p>\n"


def main() -> None:
    """Print messages/s of both ways and the ratio."""
    logging.disable(logging.WARNING)
    names = setup_databases(verbosity=0, interactive=False)
    sink, port = start_sink()
    try:
        print(f"send {MESSAGES:,} messages over {MAILBOXES} kept connections to {_SINK or 'a sink of ours'}")
        prepare_ours(port)
        ours = send_ours()
        assert OutboundMessage.objects.filter(state="sent").count() == MESSAGES
        print(ours.line(f"ours, {WORKERS} workers: claim, gates, render, mark, SMTP, record"))
        prepare_peer(port)
        peer = timed(send_peer, MESSAGES)
        assert Email.objects.filter(status=STATUS.sent).count() == MESSAGES
        print(peer.line(f"django-post-office, {WORKERS} processes, 5 threads each"))
        print(f"  ours / peer: {peer.wall_s / ours.wall_s:.1f} in messages/s, {peer.cpu_s / ours.cpu_s:.1f} in CPU")
        if _SOURCE and _SINK:
            limit = timed(lambda: send_limit(port), MESSAGES)
            print(limit.line("smtp-source, 10 connections: no queue"))
            print(f"  ours / limit: {limit.wall_s / ours.wall_s:.2f} in messages/s")
    finally:
        sink.terminate()
        sink.wait()
        teardown_databases(names, verbosity=0)


def start_sink() -> tuple[subprocess.Popen[bytes], int]:
    """Start a server that takes every message; return it and its port."""
    if not _SINK:
        sink = subprocess.Popen([sys.executable, "-m", "bench.sink"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert sink.stdout is not None
        return sink, int(sink.stdout.readline())
    port = free_port()
    account = ("-u", "nobody") if os.geteuid() == 0 else ()
    sink = subprocess.Popen([_SINK, *account, f"127.0.0.1:{port}", "1000"])
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return sink, port
        time.sleep(0.05)
    sink.terminate()
    raise SystemExit("smtp-sink does not answer")


def send_limit(port: int) -> None:
    """Send as many messages of the same size with Postfix's load generator."""
    size = len(_BODY) + len(_HTML) + 600
    subprocess.run([str(_SOURCE), "-s", "10", "-m", str(MESSAGES), "-l", str(size), f"127.0.0.1:{port}"], check=True)


def prepare_ours(port: int) -> None:
    """Store a launched campaign: 5,000 people, a hundred mailboxes without gaps."""
    member = make_owner()
    set_throttles(member.workspace, {})  # five people of each company at once: no workspace of real people does that
    people = (
        Contact(
            workspace=member.workspace,
            email=f"person{n}@company{n % 977}.example.com",
            email_key=f"person{n}@company{n % 977}.example.com",
            domain=f"company{n % 977}.example.com",
            first_name=f"Person {n}",
            company=f"Company {n % 977}",
        )
        for n in range(MESSAGES)
    )
    leads = make_leads(member, people)
    boxes = make_mailboxes(member, MAILBOXES, smtp_port=port, **FREE)
    campaign = sequences.create_campaign(member, "Bench")
    sequences.save_schedule(campaign, Schedule("UTC", use_contact_zone=False, windows=ALWAYS))
    variant = Variant.objects.get(step=Step.objects.get(campaign=campaign))
    sequences.save_variant(variant, Text(subject="A question, {{ first_name }}", body_text=_BODY, body_html=_HTML))
    sequences.set_audience(campaign, [leads.pk])
    set_senders(member, campaign, boxes)
    MailboxClock.objects.update(synced_at=now())
    launch(member, campaign)


def send_ours() -> Figure:
    """Let the workers deliver everything; the time runs from their first claim on, and for them alone."""
    command = [sys.executable, "-m", "bench.courier", connection.settings_dict["NAME"], str(MAILBOXES // WORKERS)]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(WORKERS)
    ]
    try:
        for worker in workers:
            assert _out(worker).readline() == "ready\n"
        begun = time.perf_counter()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        cpu_s = sum(float(_out(worker).readline()) for worker in workers)
        return Figure(MESSAGES, time.perf_counter() - begun, cpu_s)
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def _out(worker: subprocess.Popen[str]) -> IO[str]:
    assert worker.stdout is not None
    return worker.stdout


def prepare_peer(port: int) -> None:
    """Store 5,000 rendered messages in the peer's queue."""
    settings.EMAIL_PORT = port
    body, html = (
        text.replace("{{ first_name }}", "Person").replace("{{ company }}", "Company") for text in (_BODY, _HTML)
    )
    Email.objects.bulk_create(
        Email(
            from_email="sender@example.com",
            to=[f"person{n}@company{n % 977}.example.com"],
            subject=f"A question, Person {n}",
            message=body,
            html_message=html,
            priority=PRIORITY.medium,
            status=STATUS.queued,
            scheduled_time=now() - timedelta(minutes=1),
        )
        for n in range(MESSAGES)
    )


def send_peer() -> None:
    """Let the peer empty its queue, a batch of 1,000 at a time, as its command does."""
    while Email.objects.filter(status=STATUS.queued).exists():
        send_queued(processes=WORKERS, log_level=0)
