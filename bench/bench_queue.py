"""What a pass with nothing due and a claim of 500 cost, with 10,000 and with 2,000,000 people waiting.

Twenty campaigns share a hundred mailboxes. Half of the people wait for a follow-up, half have not been written to; a
claim is rolled back, so that each one finds the same.
"""

from __future__ import annotations

import logging
import os
import statistics
import time
from collections.abc import Callable

from django.db import connection, transaction
from django.test.utils import setup_databases, teardown_databases
from django.utils.timezone import now

from bench.scene import FREE, make_campaign, make_mailboxes, make_owner
from campaigns.sequences import services as sequences
from campaigns.sequences.models import Campaign
from campaigns.sequences.services import Text
from outreach.accounts.models import Workspace
from sending.mailboxes.models import MailboxClock
from sending.outbox import leases
from sending.outbox.claims import claim
from sending.outbox.sweeper import sweep
from sending.planner.services import set_senders

FEW = 10_000
MANY = int(os.environ.get("BENCH_WAITING", "2000000"))
CAMPAIGNS = 20
MAILBOXES = 100
CLAIMING = 25  # mailboxes of one claim, with twenty places each
ROUNDS = 7

_CONTACTS = """
INSERT INTO contacts_contact (workspace_id, email, email_key, domain, first_name, last_name, company, title, phone,
                              website, city, country, time_zone, fields, created_at, updated_at)
SELECT %(workspace)s, 'p' || n || '@c' || n %% 50021 || '.test', 'p' || n || '@c' || n %% 50021 || '.test',
       'c' || n %% 50021 || '.test', 'Ada', '', '', '', '', '', '', '', '', '{}', now(), now()
  FROM generate_series(%(first)s, %(last)s) n
RETURNING id
"""
# Every second one has had a first message from a mailbox of its campaign, and waits for the next.
_ENROLLMENTS = """
INSERT INTO planner_enrollment (workspace_id, campaign_id, contact_id, mailbox_id, state, stop_reason, stop_detail,
                                next_position, due_at, hold_code, hold_detail, begun_at, last_sent_at, created_at)
SELECT c.workspace_id, (%(campaigns)s::bigint[])[1 + c.id %% %(n_campaigns)s], c.id,
       CASE WHEN c.id / 40 %% 2 = 0 THEN (%(mailboxes)s::bigint[])[1 + c.id %% %(n_mailboxes)s] END, 'active', '', '',
       CASE WHEN c.id / 40 %% 2 = 0 THEN 2 ELSE 1 END, now() + interval '3 days' + c.id %% 86400 * interval '1 second',
       '', '', CASE WHEN c.id / 40 %% 2 = 0 THEN now() - interval '2 days' END,
       CASE WHEN c.id / 40 %% 2 = 0 THEN now() - interval '2 days' END, now()
  FROM contacts_contact c WHERE c.email_key = ANY(SELECT 'p' || n || '@c' || n %% 50021 || '.test'
                                                   FROM generate_series(%(first)s, %(last)s) n)
"""


def main() -> None:
    """Print what both cost at both sizes, and the ratios."""
    logging.disable(logging.WARNING)
    names = setup_databases(verbosity=0, interactive=False)
    try:
        campaigns, boxes = _prepare()
        figures = []
        filled = 0
        for size in (FEW, MANY):
            _fill(campaigns, boxes, first=filled + 1, last=size)
            filled = size
            _make_new_leads_due("now() + interval '3 days'")
            idle = _measure(_tick), _measure(_idle_pass)
            _make_new_leads_due("now() - interval '1 minute'")
            figures.append((size, *idle, _measure(_claim_500)))
            words = ", ".join(f"{ms:,.1f} ms" for ms in figures[-1][1:])
            print(
                f"  {size:>9,} waiting: tick and sweep, pass of 100 mailboxes with nothing due, claim of 500: {words}"
            )
        few, many = figures
        ratios = ", ".join(f"{b / a:.2f}" for a, b in zip(few[1:], many[1:], strict=True))
        print(f"  {MANY:,} / {FEW:,}: {ratios}")
    finally:
        teardown_databases(names, verbosity=0)


def _prepare() -> tuple[list[int], list[int]]:
    member = make_owner()
    boxes = make_mailboxes(member, MAILBOXES, smtp_port=2525, **FREE)
    campaigns = []
    for number in range(CAMPAIGNS):
        text = Text(subject="A question", body_text="Hi {{ first_name }},\n\nBest\n")
        campaign = make_campaign(member, text, f"Bench {number}")
        second = sequences.add_step(campaign)
        sequences.save_variant(second.variants.get(), Text(subject="", body_text="Hi {{ first_name }}, again\n"))
        # Which mailboxes a person's own may be is decided by the numbers of both: each campaign has all of them.
        set_senders(member, campaign, boxes)
        campaigns.append(campaign.pk)
    Campaign.objects.filter(pk__in=campaigns).update(state="running", launched_at=now())
    return campaigns, boxes


def _fill(campaigns: list[int], boxes: list[int], *, first: int, last: int) -> None:
    workspace_id = Workspace.objects.get().pk
    with connection.cursor() as cursor:
        cursor.execute(_CONTACTS, {"workspace": workspace_id, "first": first, "last": last})
        cursor.execute(
            _ENROLLMENTS,
            {
                "campaigns": campaigns,
                "mailboxes": boxes,
                "n_campaigns": CAMPAIGNS,
                "n_mailboxes": MAILBOXES,
                "first": first,
                "last": last,
            },
        )


def _make_new_leads_due(at: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE planner_enrollment SET due_at = {at} + id % 10000 * interval '1 ms' WHERE mailbox_id IS NULL"
        )
        cursor.execute("VACUUM ANALYZE")
    MailboxClock.objects.update(synced_at=now())


def _measure(work: Callable[[], Callable[[], None]]) -> float:
    """Return the median of ROUNDS rounds, in ms, after one that warms."""
    taken = []
    for _ in range(ROUNDS + 1):
        with transaction.atomic():
            timed = work()
            begun = time.perf_counter()
            timed()
            taken.append(1000 * (time.perf_counter() - begun))
            transaction.set_rollback(True)
    return statistics.median(taken[1:])


def _tick() -> Callable[[], None]:
    MailboxClock.objects.update(look_at="2100-01-01T00:00:00Z")

    def work() -> None:
        assert leases.lease_due(most=2000)[1] == []
        sweep()

    return work


def _idle_pass() -> Callable[[], None]:
    MailboxClock.objects.update(look_at=now())

    def work() -> None:
        owner, ids = leases.lease_due(most=2000)
        assert len(ids) == MAILBOXES
        assert claim(owner, ids) == []
        leases.release(owner, ids, patience_s=-1e9)

    return work


def _claim_500() -> Callable[[], None]:
    MailboxClock.objects.update(look_at=now())
    owner, ids = leases.lease_due(most=CLAIMING)

    def work() -> None:
        assert len(claim(owner, ids)) == 20 * CLAIMING

    return work
