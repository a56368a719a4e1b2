"""The ways in which an address is never to be written to again, each as whoever says so goes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from django.db import transaction
from django.test import Client

from campaigns.contacts.models import Contact
from campaigns.contacts.services import erase, import_suppressions
from campaigns.sequences.states import ReplyClass
from outreach.kit import clock
from sending.imap import RawMail
from sending.inbox.labelling import label
from sending.inbox.models import InboundMessage
from sending.inbox.services import take_in
from sending.ledger.kinds import EventKind, How
from sending.ledger.services import Entry, record
from sending.links.addresses import OfMessage
from sending.outbox.jobs import Job
from sending.outbox.models import OutboundMessage
from sending.planner.states import StopReason
from sending.smtp import token_of
from tests.programs import Program, program_of
from tests.sending.inbox.scene import complaint, dsn, mail
from tests.sending.outbox.plain import Post
from tests.sending.tracking.host import Visitor


@dataclass(frozen=True)
class Way:
    """How a wish comes in, and what stands when it is acknowledged.

    says: true when it has been, about whoever the job is to. stops: what the sequence is stopped for; None where the
    next claim finds what forbids it. bars: the address is suppressed, not just this series over or this
    sender refused. how: what it is counted as among the opt-outs; None for what is none.
    """

    says: Callable[[Stage, Job], bool]
    stops: StopReason | None = None
    bars: bool = True
    how: How | None = None


@dataclass(frozen=True)
class Stage:
    """The workspace that people are written to from, a member signed in to it, and a program with a key."""

    post: Post
    member: Client
    program: Program

    def first_to(self, job: Job) -> OutboundMessage:
        """Return the message that they have got already."""
        return OutboundMessage.objects.get(contact=job.letter.contact_id, step__position=1)

    def comes_in(self, raw: bytes) -> bool:
        return take_in(self.post.mailbox, RawMail(1, clock.now(), len(raw), raw, truncated=False)) is not None

    def gets_receipt(self, job: Job) -> InboundMessage:
        """Let a machine of theirs answer the first message, which stops nothing by itself."""
        about = self.first_to(job).message_id
        words = "Your mail has come in."
        assert self.comes_in(mail(words, sender=job.recipient, auto_submitted="auto-replied", in_reply_to=about))
        return InboundMessage.objects.get(from_address=job.recipient)

    def accept_reports(self) -> None:
        """Accept what has come back and who has complained, as a person may: the guards would stop the mailbox."""
        box, kind, at = self.post.mailbox, EventKind.GUARD_RELEASED, clock.now()
        of_box = Entry(box.workspace_id, kind, at, mailbox_id=box.pk)
        with transaction.atomic():
            record([of_box, replace(of_box, mailbox_id=None, campaign_id=self.post.campaign.pk)])


def make_stage(post: Post) -> Stage:
    client = Client()
    client.force_login(post.member.user)
    return Stage(post, client, program_of(post.member))


def _posts(data: dict[str, str], agent: str, stage: Stage, job: Job) -> bool:
    first = stage.first_to(job)
    return Visitor(agent).post(OfMessage(first.pk, first.contact_id).opt_out(), data).status_code == 200


def replies(stage: Stage, job: Job) -> bool:
    return stage.comes_in(mail("Who are you?", sender=job.recipient, in_reply_to=stage.first_to(job).message_id))


def _answers(stage: Stage, job: Job) -> bool:
    words = "Please unsubscribe me."
    return stage.comes_in(mail(words, sender=job.recipient, in_reply_to=stage.first_to(job).message_id))


def _is_labelled(stage: Stage, job: Job) -> bool:
    label(stage.post.member, stage.gets_receipt(job), ReplyClass.OPT_OUT)
    return True


def _is_labelled_by_a_program(stage: Stage, job: Job) -> bool:
    path = f"/mails/{stage.gets_receipt(job).pk}"
    return bool(stage.program.ask("PATCH", path, {"says": "opt_out"}).status_code == 200)


def _mails_the_token(stage: Stage, job: Job) -> bool:
    """Write to the address of List-Unsubscribe, from an address that we do not know."""
    token = token_of(stage.first_to(job).message_id)
    return stage.comes_in(mail("", sender="me@home.example", subject=f"unsubscribe {token}"))


def _complains(stage: Stage, job: Job) -> bool:
    raw = complaint(stage.first_to(job).message_id).replace(b"arf-1@", f"arf-{job.letter.pk}@".encode())
    return stage.comes_in(raw)


def _bounces(stage: Stage, job: Job) -> bool:
    message_id = f"<dsn-{job.letter.pk}@mx.example>"
    raw = dsn(stage.first_to(job).message_id, to=job.recipient, message_id=message_id)
    return stage.comes_in(raw)


def _enters(rule: str, stage: Stage, job: Job) -> bool:
    """Enter an address, a domain or a wildcard among the suppressions; rule: with {name} for who it is about."""
    name = job.recipient.partition("@")[0]
    url = stage.post.member.url("contacts:suppression_add")
    return stage.member.post(url, {"value": rule.format(name=name)}).status_code == 302


def _imports(stage: Stage, job: Job) -> bool:
    return import_suppressions(stage.post.member, "never.csv", [f"email\n{job.recipient}\n".encode()]).added == 1


def _tells_the_api(stage: Stage, job: Job) -> bool:
    return bool(stage.program.ask("POST", "/suppressions", {"value": job.recipient}).status_code == 201)


def _erases(stage: Stage, job: Job) -> bool:
    contact = Contact.objects.get(pk=job.letter.contact_id)
    return erase(stage.post.member, contact, typed=contact.email, why="Asked for it.").pk > 0


_ON_THE_PAGE = "Firefox"
# A further way is a further line here; the suite and the bench go each.
WAYS = {
    "one click (RFC 8058)": Way(
        partial(_posts, {"List-Unsubscribe": "One-Click"}, "Yahoo!"), StopReason.OPTED_OUT, how=How.ONE_CLICK
    ),
    "page, all": Way(partial(_posts, {"what": "all"}, _ON_THE_PAGE), StopReason.OPTED_OUT, how=How.PAGE),
    "page, this sender": Way(
        partial(_posts, {"what": "sender"}, _ON_THE_PAGE), StopReason.OPTED_OUT, bars=False, how=How.SENDER
    ),
    "page, this series": Way(partial(_posts, {"what": "series"}, _ON_THE_PAGE), StopReason.OPTED_OUT, bars=False),
    "answer in words": Way(_answers, StopReason.OPTED_OUT, how=How.ANSWER),
    "label of the team": Way(_is_labelled, StopReason.OPTED_OUT, how=How.MEMBER),
    "label, API": Way(_is_labelled_by_a_program, StopReason.OPTED_OUT, how=How.API),
    "mail with the token": Way(_mails_the_token, StopReason.OPTED_OUT, how=How.MAIL),
    "complaint (ARF)": Way(_complains, StopReason.COMPLAINED),
    "report: no such address": Way(_bounces, StopReason.BOUNCED),
    "address, by a person": Way(partial(_enters, "{name}@{name}.test")),
    "domain, by a person": Way(partial(_enters, "{name}.test")),
    "wildcard, by a person": Way(partial(_enters, "{name}@*")),
    "file of suppressions": Way(_imports),
    "API": Way(_tells_the_api),
    "erasure": Way(_erases, StopReason.SUPPRESSED),
}
