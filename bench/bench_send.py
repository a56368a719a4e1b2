"""Send 5,000 messages from the queue in PostgreSQL to a local sink over kept connections, beside a peer and a limit.

Ours does the whole life of each message: claim, gates, wording, MIME, durable mark, SMTP, record, events, tallies.
The peer takes rendered messages from its queue and sends them. The limit is Postfix's load generator, which has no
queue and writes nothing down; it and its sink are used where Debian's package postfix is installed.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
from datetime import timedelta

from django.conf import settings
from django.test.utils import setup_databases, teardown_databases
from django.utils.timezone import now
from post_office.mail import send_queued
from post_office.models import PRIORITY, STATUS, Email

from bench.scene import FREE, make_campaign, make_leads, make_mailboxes, make_owner, person
from bench.timing import timed
from bench.workers import PATH, SINK, run_workers, start_sink
from campaigns.sequences import services as sequences
from campaigns.sequences.services import Text
from sending.mailboxes.models import MailboxClock
from sending.outbox.models import OutboundMessage
from sending.planner.services import launch, set_senders
from sending.planner.services.limits import set_throttles

_SOURCE = shutil.which("smtp-source", path=PATH)
MESSAGES = 5_000
MAILBOXES = 100
WORKERS = 2  # processes, of both sides
_COMPANIES = 977
_LINE = "One short question about how {{ company }} does this today. "
_BODY = "Hi {{ first_name }},\n\n" + f"{_LINE * 4}\n\n" * 3 + "Best\n"
_HTML = "<p>Hi {{ first_name }},</p>\n" + f"<p>{_LINE * 4}</p>\n" * 3 + "<p>Best</p>\n"


def main() -> None:
    """Print messages/s of both ways and the ratio."""
    logging.disable(logging.WARNING)
    names = setup_databases(verbosity=0, interactive=False)
    sink, port = start_sink()
    try:
        print(f"send {MESSAGES:,} messages over {MAILBOXES} kept connections to {SINK or 'a sink of ours'}")
        prepare_ours(port)
        ours, _ = run_workers(WORKERS, MESSAGES, mailboxes=MAILBOXES // WORKERS)
        assert OutboundMessage.objects.filter(state="sent").count() == MESSAGES
        print(ours.line(f"ours, {WORKERS} workers: claim, gates, render, mark, SMTP, record"))
        prepare_peer(port)
        peer = timed(send_peer, MESSAGES)
        assert Email.objects.filter(status=STATUS.sent).count() == MESSAGES
        print(peer.line(f"django-post-office, {WORKERS} processes, 5 threads each"))
        print(f"  ours / peer: {peer.wall_s / ours.wall_s:.1f} in messages/s, {peer.cpu_s / ours.cpu_s:.1f} in CPU")
        if _SOURCE and SINK:
            limit = timed(lambda: send_limit(port), MESSAGES)
            print(limit.line("smtp-source, 10 connections: no queue"))
            print(f"  ours / limit: {limit.wall_s / ours.wall_s:.2f} in messages/s")
    finally:
        sink.terminate()
        sink.wait()
        teardown_databases(names, verbosity=0)


def send_limit(port: int) -> None:
    """Send as many messages of the same size with Postfix's load generator."""
    size = len(_BODY) + len(_HTML) + 600
    subprocess.run([str(_SOURCE), "-s", "10", "-m", str(MESSAGES), "-l", str(size), f"127.0.0.1:{port}"], check=True)


def prepare_ours(port: int) -> None:
    """Store a launched campaign: 5,000 people, a hundred mailboxes without gaps."""
    member = make_owner()
    set_throttles(member.workspace, {})  # five people of each company at once: no workspace of real people does that
    people = (
        person(member, n, companies=_COMPANIES, first_name=f"Person {n}", company=f"Company {n % _COMPANIES}")
        for n in range(MESSAGES)
    )
    leads = make_leads(member, people)
    boxes = make_mailboxes(member, MAILBOXES, smtp_port=port, **FREE)
    text = Text(subject="A question, {{ first_name }}", body_text=_BODY, body_html=_HTML)
    campaign = make_campaign(member, text)
    sequences.set_audience(campaign, [leads.pk])
    set_senders(member, campaign, boxes)
    MailboxClock.objects.update(synced_at=now())
    launch(member, campaign)


def prepare_peer(port: int) -> None:
    """Store 5,000 rendered messages in the peer's queue."""
    settings.EMAIL_PORT = port
    body, html = (
        text.replace("{{ first_name }}", "Person").replace("{{ company }}", "Company") for text in (_BODY, _HTML)
    )
    Email.objects.bulk_create(
        Email(
            from_email="sender@example.com",
            to=[f"person{n}@company{n % _COMPANIES}.example.com"],
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
