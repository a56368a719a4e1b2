"""Take in one mail: keep it, understand it, act on it, all in one transaction and only once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.contacts.queries import erased_among
from outreach.kit import clock, gate
from outreach.kit.addresses import key_of
from sending.bounces import Category, Evidence, Kind, Verdict
from sending.dmarc.mail import LAYER, Brought, take_from_mail
from sending.imap import RawMail
from sending.inbox.arrivals import Arrival
from sending.inbox.guessing import Guess, guess
from sending.inbox.labelling import class_of
from sending.inbox.matching import Match, MatchedBy, is_our_own, match, named_by
from sending.inbox.models import InboundMessage
from sending.inbox.outcomes import act
from sending.inbox.person import EMPTY
from sending.inbox.suggestions import Suggestion, suggest
from sending.inbox.threads.placing import place
from sending.inbox.understanding import Understood, attached_to, content_key, understand
from sending.inbox.unknowns.services import known_answer, known_bounce
from sending.mailboxes.models import Mailbox
from sending.outbox.services import confirm_sent

_PERSONAL = frozenset({Kind.HUMAN_REPLY, Kind.AUTO_REPLY, Kind.OPT_OUT, Kind.CHALLENGE})
_NOBODY = Match(MatchedBy.NOTHING)


def take_in(mailbox: Mailbox, raw: RawMail, *, is_back_fill: bool = False) -> InboundMessage | None:
    """Store a mail and act on it; None when it is known already.

    is_back_fill: mail from before the mailbox was read stops whom it has to stop, and makes nothing leave.
    The mail and what follows from it commit together: a crash leaves neither or both, and a second reading is a no-op.
    """
    mail = _by_rules_of(mailbox, understand(raw.raw))
    key = content_key(mail.mail, raw.raw)
    if _is_known(mailbox, key):
        return None  # without the gate: a folder that is read anew is full of these
    received_at = _received_at(raw)
    # Before the gate, which must not wait for it; whoever reads the mail again finds them known.
    brought = take_from_mail(mailbox, raw.raw, mail.mail, mail.verdict)
    with transaction.atomic():
        # Before anything else: what follows may stop a sequence, and stops win over messages that are leaving.
        gate.hold_shut(mailbox.workspace_id)
        if _is_known(mailbox, key):
            return None
        found = match(mailbox, mail.mail, mail.verdict, received_at=received_at)
        if mail.verdict.kind in _PERSONAL and is_our_own(mailbox, mail.mail, found.contact):
            mail, found = _own(mail), _NOBODY
        elif brought is not None:
            mail = _with_reports(mail, brought, found)
        maybe = None
        if found.message is None and found.contact is None and mail.verdict.kind is not Kind.OTHER:
            maybe = suggest(mailbox, mail.mail, mail.verdict, received_at=received_at)
        says = guess(mailbox.workspace_id, mail.mail, mail.verdict, received_at=received_at)
        says = says or known_answer(mailbox.workspace_id, mail.mail, mail.verdict)
        row = _store(mailbox, raw, key, mail, found, maybe=maybe, says=says, is_back_fill=is_back_fill)
        if found.message is not None and found.names_us and not is_back_fill:
            confirm_sent(found.message.pk, evidence=f"{mail.verdict.kind.replace('_', ' ')} received")
        act(Arrival(mailbox, row, mail.mail, mail.verdict, found))
        place(row, named_by(mail.mail), class_of(row))
    return row


def _by_rules_of(mailbox: Mailbox, mail: Understood) -> Understood:
    """Return the mail with what the workspace's own rules know of it."""
    return Understood(mail.mail, known_bounce(mailbox.workspace_id, mail.mail, mail.verdict))


def _is_known(mailbox: Mailbox, key: str) -> bool:
    return InboundMessage.objects.filter(mailbox=mailbox, content_key=key).exists()


def _received_at(raw: RawMail) -> datetime:
    """Return when the server got it; no clock but ours says that something comes from the future."""
    now = clock.now()
    return min(raw.internaldate or now, now)


def _own(mail: Understood) -> Understood:
    """Return our own mail, seen from outside: no answer, and no wish of the person that it went to."""
    evidence = Evidence("own", "written-by-us", mail.mail.from_address)
    return Understood(mail.mail, Verdict(Kind.OTHER, Category.NONE, (evidence, *mail.verdict.evidence)))


def _with_reports(mail: Understood, brought: Brought, found: Match) -> Understood:
    """Return a mail that brought reports of receivers; from whoever is known here it stays an answer all the same."""
    evidence = (Evidence(LAYER, brought.rule, brought.words[:300]), *mail.verdict.evidence)
    if found.message is not None or found.contact is not None:
        return Understood(mail.mail, replace(mail.verdict, evidence=evidence))
    return Understood(mail.mail, Verdict(Kind.OTHER, Category.NONE, evidence))


def _is_from_erased(mailbox: Mailbox, mail: Understood, found: Match) -> bool:
    """Say whether a mail came from, or is about, somebody who was erased; most of them name no message of ours."""
    if found.contact is not None and found.contact.erased_at is not None:
        return True
    return bool(erased_among(mailbox.workspace_id, [key_of(mail.mail.from_address)]))


def _store(  # noqa: PLR0913  # the columns of one row
    mailbox: Mailbox,
    raw: RawMail,
    key: str,
    mail: Understood,
    found: Match,
    *,
    maybe: Suggestion | None,
    says: Guess | None,
    is_back_fill: bool,
) -> InboundMessage:
    message, verdict = found.message, mail.verdict
    content: dict[str, Any] = {
        "message_id": mail.mail.message_id[:998],
        "from_name": mail.mail.from_name[:200],
        "from_address": mail.mail.from_address[:320],
        "subject": mail.mail.subject[:998],
        "text": mail.mail.text,
        "raw": raw.raw,
        "attached": attached_to(raw.raw),
        "evidence": [
            {"layer": one.layer, "rule": one.rule, "words": one.words}
            for one in dict.fromkeys((*verdict.evidence, *([says.evidence] if says else [])))
        ],
        "named_address": says.address[:320] if says else "",
    }
    if _is_from_erased(mailbox, mail, found):
        maybe = None
        content = {
            name: value for name, value in EMPTY.items() if not name.startswith("suggested")
        }  # it is in the mailbox; here nothing of them is kept any more
    return InboundMessage.objects.create(
        **content,
        workspace_id=mailbox.workspace_id,
        mailbox=mailbox,
        content_key=key,
        truncated=raw.truncated,
        is_back_fill=is_back_fill,
        received_at=_received_at(raw),
        kind=verdict.kind,
        category=verdict.category,
        contact=found.contact,
        enrollment=message.enrollment if message else None,
        answers=message,
        matched_by=found.by,
        guess=says.says if says else "",
        guess_is_certain=bool(says and says.is_certain),
        again_on=says.on if says else None,
        suggested=maybe.message if maybe else None,
        suggested_words=maybe.words if maybe else "",
    )
