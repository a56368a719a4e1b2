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
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.test.utils import setup_databases, teardown_databases
from django.utils.timezone import now
from post_office.mail import send_queued
from post_office.models import PRIORITY, STATUS, Email

from campaigns.calendar import Window
from campaigns.contacts.models import Contact, ContactList, ListMember
from campaigns.sequences import services as sequences
from campaigns.sequences.models import Step, Variant
from campaigns.sequences.services import Schedule, Text
from outreach.accounts.access import Member
from outreach.accounts.models import User, Workspace
from outreach.accounts.roles import Role
from outreach.accounts.services import create_workspace
from outreach.embedded.ports import free_port
from outreach.kit import loops
from sending.mailboxes import services as mailboxes
from sending.mailboxes.models import Mailbox
from sending.outbox import leases
from sending.outbox.courier import Courier
from sending.outbox.models import OutboundMessage
from sending.planner.services import launch, set_senders
from sending.smtp import Security

_PATH = os.environ.get("PATH", "") + ":/usr/sbin"
_SINK = shutil.which("smtp-sink", path=_PATH)
_SOURCE = shutil.which("smtp-source", path=_PATH)
MESSAGES = 5_000
MAILBOXES = 100
_ALWAYS = [Window(weekday, 0, 1440) for weekday in range(1, 8)]
_LINE = "One short question about how {{ company }} does this today. "
_BODY = "Hi {{ first_name }},\n\n" + f"{_LINE * 4}\n\n" * 3 + "Best\n"
_HTML = "<p>Hi {{ first_name }},</p>\n" + f"<p>{_LINE * 4}</p>\n" * 3 + "<p>Best</p>\n"


@dataclass(frozen=True, slots=True)
class Figure:
    """What one way took for MESSAGES messages, of this process alone."""

    wall_s: float
    cpu_s: float

    def line(self, name: str) -> str:
        rate, cpu_ms = MESSAGES / self.wall_s, 1000 * self.cpu_s / MESSAGES
        return f"  {name:<44} {rate:>8,.0f} messages/s   {cpu_ms:6.2f} CPU ms each"


def main() -> None:
    """Print messages/s of both ways and the ratio."""
    logging.disable(logging.WARNING)
    names = setup_databases(verbosity=0, interactive=False)
    sink, port = start_sink()
    try:
        print(f"send {MESSAGES:,} messages over {MAILBOXES} kept connections to {_SINK or 'a sink of ours'}")
        prepare_ours(port)
        ours = _timed(send_ours)
        assert OutboundMessage.objects.filter(state="sent").count() == MESSAGES
        print(ours.line("ours: claim, gates, render, mark, SMTP, record"))
        prepare_peer(port)
        peer = _timed(send_peer)
        assert Email.objects.filter(status=STATUS.sent).count() == MESSAGES
        print(peer.line("django-post-office, 1 process, 5 threads"))
        print(f"  ours / peer: {peer.wall_s / ours.wall_s:.1f} in messages/s, {peer.cpu_s / ours.cpu_s:.1f} in CPU")
        if _SOURCE and _SINK:
            limit = _timed(lambda: send_limit(port))
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
    """Store a launched campaign: 5,000 people, ten mailboxes without gaps."""
    user = User.objects.create_user("bench@example.com", "not used here")
    workspace = create_workspace(user, "Bench", "UTC")
    Workspace.objects.filter(pk=workspace.pk).update(postal_address="1 Main Street, Springfield")
    member = Member(user=user, workspace=workspace, role=Role.OWNER)
    people = Contact.objects.bulk_create(
        Contact(
            workspace=workspace,
            email=f"person{n}@company{n % 977}.example.com",
            email_key=f"person{n}@company{n % 977}.example.com",
            domain=f"company{n % 977}.example.com",
            first_name=f"Person {n}",
            company=f"Company {n % 977}",
        )
        for n in range(MESSAGES)
    )
    leads = ContactList.objects.create(workspace=workspace, name="Leads")
    ListMember.objects.bulk_create(ListMember(contact_list=leads, contact=person) for person in people)
    for n in range(MAILBOXES):
        columns = {
            "address": f"sender{n}@example.com", "smtp_host": "127.0.0.1", "smtp_port": port,
            "smtp_security": Security.PLAIN, "smtp_username": "", "imap_host": "127.0.0.1", "imap_username": "",
            "daily_limit": 100_000, "hourly_limit": 100_000, "gap_min_s": 0, "gap_max_s": 0, "ramp_on": False,
        }  # fmt: skip
        mailboxes.activate(mailboxes.create_mailbox(member, columns, smtp="", imap="").pk)
    campaign = sequences.create_campaign(member, "Bench")
    sequences.save_schedule(campaign, Schedule("UTC", use_contact_zone=False, windows=_ALWAYS))
    variant = Variant.objects.get(step=Step.objects.get(campaign=campaign))
    sequences.save_variant(variant, Text(subject="A question, {{ first_name }}", body_text=_BODY, body_html=_HTML))
    sequences.set_audience(campaign, [leads.pk])
    set_senders(member, campaign, list(Mailbox.objects.values_list("pk", flat=True)))
    launch(member, campaign)


def send_ours() -> None:
    """Do what a worker does, in this process."""
    while True:
        owner, ids = leases.lease_due(most=1000)
        if not ids:
            return
        mine, held = leases.take_over(owner, ids)
        loops.run(Courier(mine, held).run())


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
        send_queued(processes=1, log_level=0)


def _timed(work: Callable[[], object]) -> Figure:
    wall, cpu = time.perf_counter(), _cpu_s()
    work()
    return Figure(time.perf_counter() - wall, _cpu_s() - cpu)


def _cpu_s() -> float:
    """Return the CPU time of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
