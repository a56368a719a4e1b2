"""One due message from each of 10,000 mailboxes: does a pass get to all of them, and in how much memory?

A hundred campaigns have a hundred mailboxes and a hundred people each; each mailbox rests for ten minutes behind its
message, so that every message needs a claim, a connection and a release of its own.
"""

from __future__ import annotations

import logging
import os

from django.test.utils import setup_databases, teardown_databases
from django.utils.timezone import now

from bench.scene import FREE, make_campaign, make_leads, make_mailboxes, make_owner, person
from bench.workers import run_workers, start_sink
from campaigns.sequences import services as sequences
from campaigns.sequences.services import Text
from outreach.accounts.access import Member
from sending.mailboxes.models import MailboxClock
from sending.outbox.models import OutboundMessage
from sending.outbox.tasks import SHARD
from sending.planner.services import launch, set_senders

MAILBOXES = int(os.environ.get("BENCH_MAILBOXES", "10000"))
OF_EACH = 100  # mailboxes, and people, of a campaign
WORKERS = 2
GAP_S = 600


def main() -> None:
    """Print messages/s, CPU and memory of the pass."""
    logging.disable(logging.WARNING)
    names = setup_databases(verbosity=0, interactive=False)
    sink, port = start_sink()
    try:
        prepare(port)
        print(f"send one message from each of {MAILBOXES:,} mailboxes")
        pass_, peak_mb = run_workers(WORKERS, MAILBOXES, mailboxes=SHARD)
        sent = OutboundMessage.objects.filter(state="sent")
        assert sent.count() == sent.values("mailbox").distinct().count() == MAILBOXES
        print(pass_.line(f"{WORKERS} workers, {SHARD} mailboxes at a time"))
        print(f"  {pass_.wall_s:,.0f} s in all, {peak_mb:,.0f} MB in a worker at most")
    finally:
        sink.terminate()
        sink.wait()
        teardown_databases(names, verbosity=0)


def prepare(port: int) -> None:
    """Store the launched campaigns."""
    member = make_owner()
    boxes = make_mailboxes(member, MAILBOXES, smtp_port=port, **{**FREE, "gap_min_s": GAP_S, "gap_max_s": GAP_S})
    for first in range(0, MAILBOXES, OF_EACH):
        _launch(member, first, boxes[first : first + OF_EACH])
    MailboxClock.objects.update(synced_at=now())


def _launch(member: Member, first: int, boxes: list[int]) -> None:
    people = (person(member, n, first_name=f"Person {n}") for n in range(first, first + len(boxes)))
    leads = make_leads(member, people, name=f"Leads {first}")
    text = Text(subject="A question", body_text="Hi {{ first_name }},\n\nBest\n")
    campaign = make_campaign(member, text, f"Bench {first}")
    sequences.set_audience(campaign, [leads.pk])
    set_senders(member, campaign, boxes)
    launch(member, campaign)
