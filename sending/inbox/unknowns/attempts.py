"""Answers of servers in the SMTP dialogue that no rule knows, told by the same rules of a workspace as reports are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from outreach.kit import gate
from outreach.kit.addresses import key_of
from sending.bounces import Category
from sending.bounces.rules import normal
from sending.inbox.arrivals import side_at
from sending.inbox.models import WordRule
from sending.inbox.unknowns.core import About, Rule, first
from sending.ledger.kinds import EventKind
from sending.ledger.services import record
from sending.mailboxes.budgets import database_now
from sending.mailboxes.cooling import cool_down
from sending.mailboxes.health import note
from sending.outbox.events import entry_about
from sending.outbox.models import Attempt
from sending.outbox.records import COOLING, REFUSALS
from sending.planner.services import stop_contact
from sending.planner.states import StopReason

MOST = 300  # that are looked through, newest first
_NEW = timedelta(hours=1)  # what is older was looked through when the rule was made
_RELATED = ("message__contact__workspace", "message__mailbox")


def unknown_attempts(workspace_id: int, *, since: datetime | None = None) -> Iterator[tuple[Attempt, str]]:
    """Yield the newest refusals that no rule knows, with the words that a rule is looked for in."""
    rows = Attempt.objects.filter(category=Category.UNKNOWN, message__workspace=workspace_id)
    rows = rows if since is None else rows.filter(ended_at__gt=since)
    for row in rows.select_related(*_RELATED).order_by("-ended_at")[:MOST]:
        yield row, words_in(row)


def words_in(attempt: Attempt) -> str:
    """Return what the server said, as rules know it."""
    return normal(f"{attempt.reply_code or ''} {attempt.reply_enhanced} {attempt.reply_text}")


def would(attempt: Attempt, means: str) -> str:
    """Return in words what would follow for a refusal of the past."""
    if Category(means).suppresses:
        return f"{attempt.message.recipient} is suppressed, and its sequences are stopped."
    return "It counts as that; the address stays as it is."


def apply(attempt: Attempt, rule: Rule) -> bool:
    """Let a refusal mean what a rule says, with what follows from that; False where it was told already.

    Runs inside the caller's transaction, which holds the workspace's gate.
    """
    category = Category(rule.means)
    if not Attempt.objects.filter(pk=attempt.pk, category=Category.UNKNOWN).update(category=category):
        return False
    message = attempt.message
    words = f"{attempt.reply_code or ''} {attempt.reply_text}"[:240].strip() + f" (rule {rule.pk} of the workspace)"
    if category.suppresses:
        key = key_of(message.recipient)
        if suppress(message.contact.workspace, key, SuppressionReason.NO_SUCH_ADDRESS, evidence=words):
            record([entry_about(message, EventKind.SUPPRESSED, database_now(), words=words)])
        if message.contact.email_key == key:  # whoever has got another address since then goes on there
            stop_contact(message.contact, StopReason.BOUNCED, detail=words)
    if category in REFUSALS:
        note(message.mailbox_id, REFUSALS[category], words)
    if category in COOLING:
        cool_down(message.mailbox_id, side_at(message.recipient), words)
    return True


def tell_new_attempts() -> int:
    """Let the rules of all workspaces tell the refusals of the last hour; returns how many. Safe to run at any time."""
    told = 0
    since = database_now() - _NEW
    for workspace_id, rules in _rules().items():
        found = [
            (row, met[0]) for row, words in unknown_attempts(workspace_id, since=since) if (met := first(rules, words))
        ]
        for row, rule in found:
            with transaction.atomic():
                gate.hold_shut(workspace_id)
                told += apply(row, rule)
    return told


def _rules() -> Mapping[int, Sequence[Rule]]:
    found: dict[int, list[Rule]] = {}
    for row in WordRule.objects.filter(about=About.BOUNCE, ended_at__isnull=True):
        found.setdefault(row.workspace_id, []).append(Rule(row.pk, About.BOUNCE, row.words, row.means))
    return found
