"""What follows from a mail that came in: stop, wait, never write again. Inside the transaction that stores it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from campaigns.contacts.models import Contact
from campaigns.contacts.states import SuppressionReason
from campaigns.sequences.states import ReplyClass
from outreach.kit.addresses import key_of
from sending.bounces import AUTH_FAILURE, PROGRAM_RULES, Category, Kind, Verdict, quota_wait
from sending.dmarc.mail import LAYER
from sending.inbox.arrivals import Arrival, earlier_than, forbid, is_first, side_at, tell, words_of
from sending.inbox.labelling import addresses_of, class_of, led_by_itself, may_opt_out
from sending.inbox.matching import MatchedBy
from sending.inbox.models import InboundMessage
from sending.inbox.understanding import reply_address
from sending.ledger.kinds import EventKind, How
from sending.mailboxes.cooling import cool_down, name_of
from sending.mailboxes.health import note
from sending.mailboxes.services import rest
from sending.outbox.models import OutboundMessage
from sending.outbox.records import COOLING, REFUSALS, SOFT
from sending.pacing import Pace
from sending.pacing.health import Cause
from sending.planner.progress.guards import watch
from sending.planner.services import hold_if_soft, hold_unread, postpone, running_of, stop, stop_contact
from sending.planner.states import StopReason

# Out of office without a date: the usual absence. A date farther away is a slip of the pen or of our reading.
USUAL_ABSENCE = timedelta(days=7)
LONGEST_ABSENCE = timedelta(days=366)
_DAY = timedelta(days=1)
_YEAR = timedelta(days=365)
_SEASON = timedelta(days=92)
_NOBODY = "Nobody of ours was found for it, so nothing follows from it."
_MAY_OPT_OUT = (
    "It may ask for no more messages: nobody is suppressed for that, and no campaign writes to them until somebody "
    "says what it says."
)
_ANSWERED = "It goes on with a conversation: no campaign waits for it."
# A report that does not name our message proves nothing: anybody can write one.
_FORGED = "It carries no Message-ID or token of a message that we sent. Anybody could have written it: nothing follows."
_SUPPRESSING = [category for category in Category if category.suppresses]


def act(arrival: Arrival) -> str:
    """Do what the kind of the mail asks for, and say in words what was done; the words are kept beside the mail.

    What is of no kind, or from nobody of ours, is only kept.
    """
    words = _ACTIONS.get(arrival.verdict.kind, _only_keep)(arrival)
    if words:
        InboundMessage.objects.filter(pk=arrival.row.pk).update(followed=words[:500])
    return words


def _reply(arrival: Arrival) -> str:
    words = _answered(arrival)
    if not may_opt_out(arrival.row) or arrival.match.contact is None:
        return words
    hold_unread(arrival.mailbox.workspace, addresses_of(arrival.row, reply_address(arrival.mail)))
    return f"{words} {_MAY_OPT_OUT}"


def _answered(arrival: Arrival) -> str:
    message = arrival.match.message
    if message is None:
        return _NOBODY  # somebody writes on their own
    if message.campaign is None or message.enrollment is None:
        return _in_conversation(arrival, message.contact)
    if is_first(arrival):
        tell(arrival, EventKind.REPLIED)
    stopped = stop(message.enrollment, StopReason.REPLIED, detail=arrival.mail.subject)
    led = led_by_itself(arrival.row)
    way = f" {led.words}" if led is not None and led.leads else ""
    return f"The sequence was stopped.{way}" if stopped else f"The sequence was over already.{way}"


def _in_conversation(arrival: Arrival, contact: Contact) -> str:
    """Stop what runs for a person who answers an answer of ours.

    Where the mail's References name what a campaign sent before, it is matched to that.
    """
    running = running_of(contact).select_related("campaign")
    names = [one.campaign.name for one in running if stop(one, StopReason.REPLIED, detail=arrival.mail.subject)]
    return f"It goes on with a conversation. Stopped: {', '.join(names)}." if names else _ANSWERED


def _away_in_conversation(arrival: Arrival, contact: Contact) -> str:
    if class_of(arrival.row) is not ReplyClass.OUT_OF_OFFICE:
        return _ANSWERED
    until, words = _back_at(arrival), f"Out of office: {arrival.mail.subject}"
    waiting = [one for one in running_of(contact) if postpone(one, until, words=words)]
    return f"The next message waits until {until:%d %B %Y}." if waiting else _ANSWERED


def _auto_reply(arrival: Arrival) -> str:
    message = arrival.match.message
    if message is None:
        return _NOBODY
    if message.enrollment is None:
        return _away_in_conversation(arrival, message.contact)
    if class_of(arrival.row) is not ReplyClass.OUT_OF_OFFICE:
        if is_first(arrival):
            tell(arrival, EventKind.AUTO_REPLIED)
        return "A machine has got the message, and nobody is away: nothing waits for that."
    until = _back_at(arrival)
    if is_first(arrival):
        tell(arrival, EventKind.AUTO_REPLIED, until=until.isoformat())
    words = f"Out of office: {arrival.mail.subject}"
    led_by_itself(arrival.row)
    if postpone(message.enrollment, until, words=words):
        return f"The next message waits until {until:%d %B %Y}."
    return "Nothing is to come before that day."


def _challenge(arrival: Arrival) -> str:
    """Say what a person can do: nothing is clicked or answered by itself, and the sequence goes on."""
    if arrival.match.message is None:
        return _NOBODY
    if is_first(arrival):
        tell(arrival, EventKind.AUTO_REPLIED)
    return (
        f"A program of {arrival.match.message.recipient} keeps the message until a person proves to have written it. "
        "Read the mail and do by hand what it asks for, if you trust it: nothing is clicked by itself. The sequence "
        "goes on."
    )


def _other(arrival: Arrival) -> str:
    """Say what became of reports of receivers, and what one on failed authentication asks for; else it is only kept."""
    if brought := next((one for one in arrival.verdict.evidence if one.layer == LAYER), None):
        return brought.words
    if not any(one.rule == AUTH_FAILURE for one in arrival.verdict.evidence):
        return ""
    return (
        "It reports that a mail in the name of our domain failed a check of who sent it. Nobody has complained, and "
        f"nobody is suppressed: look at SPF, DKIM and DMARC of the domain. {words_of(arrival)}"
    )


def _campaigns(message: OutboundMessage) -> list[int]:
    return [] if message.campaign_id is None else [message.campaign_id]


def _back_at(arrival: Arrival) -> datetime:
    received = arrival.row.received_at
    pace = Pace(arrival.mailbox.workspace.time_scale)
    if arrival.verdict.return_date is None:
        return received + pace.shrink(USUAL_ABSENCE)
    away = _coming(arrival.verdict.return_date, received.date()) - received.date() + _DAY
    midnight = received.replace(hour=0, minute=0, second=0, microsecond=0)
    if away > LONGEST_ABSENCE:
        return received + pace.shrink(USUAL_ABSENCE)
    return received + pace.shrink(max(midnight + away - received, _DAY))


def _coming(day: date, received: date) -> date:
    """Return the day that is meant: "until 5 January", written in December, is read as a January long past."""
    next_year = day + _YEAR
    return next_year if received - day > _YEAR / 2 and next_year - received < _SEASON else day


def _bounce(arrival: Arrival) -> str:
    message = arrival.match.message
    if message is None or not arrival.match.names_us:
        return _FORGED
    is_hard = arrival.verdict.category.suppresses and _is_about(arrival.verdict, message)
    earlier = earlier_than(arrival).filter(answers=message)
    if not is_hard:
        if earlier.exists():
            return "An earlier report on the message was counted already."
        tell(arrival, EventKind.BOUNCED_SOFT, how=How.RETURNED)
        return " ".join(["Counted as not delivered; the address stays as it is.", *_of_failure(arrival, message)])
    if not earlier.filter(category__in=_SUPPRESSING).exists():
        # A message that came back is taken from the delivered ones once, whatever else is reported of it.
        tell(arrival, EventKind.BOUNCED_HARD, how=How.PLAIN if earlier.exists() else How.RETURNED)
        watch(campaign_ids=_campaigns(message), mailbox_ids=[message.mailbox_id])
    contact = message.contact
    forbid(arrival, [message.recipient], SuppressionReason.NO_SUCH_ADDRESS)
    # Whoever has got another address since then goes on there.
    if contact.email_key == key_of(message.recipient):
        stop_contact(contact, StopReason.BOUNCED, detail=words_of(arrival))
    return f"{message.recipient} is suppressed: it does not exist. Its sequences were stopped."


def _of_failure(arrival: Arrival, message: OutboundMessage) -> Iterator[str]:
    """Do what a failure asks for that is not the address's: each yields in words what was done.

    Whoever has got a mail of ours knows its number and can invent a report on it. What touches others than themselves
    therefore follows from the reports of two recipients; what only their own domain would feel, from one.
    """
    category, words = arrival.verdict.category, words_of(arrival)
    domain = key_of(message.recipient).rpartition("@")[2]
    side = side_at(message.recipient) if category in COOLING else domain
    wait = quota_wait(arrival.verdict)
    if (wait or side != domain) and not _others_say_so(arrival, message):
        yield f"{message.mailbox.address} goes on as before until the report of another recipient says the same."
    else:
        if wait:
            rest(message.mailbox_id, wait, words, pace=Pace(arrival.mailbox.workspace.time_scale))
            yield f"{message.mailbox.address} waits until its quota is whole again."
        if category in REFUSALS:
            note(message.mailbox_id, REFUSALS[category], words)
        if category in COOLING and (until := cool_down(message.mailbox_id, side, words)):
            yield f"{message.mailbox.address} leaves {name_of(side)} alone until {until:%d %B, %H:%M} UTC."
    if category in SOFT and (held := hold_if_soft(message.contact, SOFT)):
        yield held


def _others_say_so(arrival: Arrival, message: OutboundMessage) -> bool:
    """Say whether a report on a message to somebody else has said the same of the mailbox, within a day."""
    since = arrival.row.received_at - _DAY
    reports = InboundMessage.objects.filter(
        answers__mailbox=message.mailbox_id, kind=Kind.BOUNCE, category=arrival.verdict.category, received_at__gt=since
    )
    return reports.exclude(answers__contact=message.contact_id).exclude(pk=arrival.row.pk).exists()


def _is_about(verdict: Verdict, message: OutboundMessage) -> bool:
    """Say whether the report is about the address that we wrote to, and not about one that it forwards to.

    Bounces in free form have no field for it, only addresses somewhere in their text.
    """
    if any(one.layer == "free-form" for one in verdict.evidence) or not verdict.recipients:
        return True
    return key_of(message.recipient) in {key_of(one) for one in verdict.recipients}


def _complaint(arrival: Arrival) -> str:
    message = arrival.match.message
    if message is None or not arrival.match.names_us:
        return _FORGED
    if is_first(arrival):
        tell(arrival, EventKind.COMPLAINED)
        note(message.mailbox_id, Cause.COMPLAINT, f"{message.recipient} reported a message as spam.")
        watch(campaign_ids=_campaigns(message), mailbox_ids=[message.mailbox_id])
    forbid(arrival, [message.recipient, message.contact.email_key], SuppressionReason.COMPLAINED)
    stop_contact(message.contact, StopReason.COMPLAINED, detail=words_of(arrival))
    return f"{message.recipient} is suppressed in the whole workspace, all sequences were stopped."


def _opt_out(arrival: Arrival) -> str:
    """Never write again to whoever asks for it, known or not, nor to the person whom our message went to."""
    message, contact = arrival.match.message, arrival.match.contact
    written = [message.recipient] if message else []
    known = [contact.email_key] if contact else []
    theirs = [arrival.mail.from_address, reply_address(arrival.mail)]
    # Whoever has opted out before, also elsewhere, is counted already.
    if forbid(arrival, [*written, *known, *theirs], SuppressionReason.OPTED_OUT) and contact is not None:
        tell(arrival, EventKind.OPTED_OUT, how=_way(arrival))
    writer = Contact.objects.filter(workspace=arrival.mailbox.workspace_id, email_key=key_of(arrival.mail.from_address))
    for one in {row.pk: row for row in [*([contact] if contact else []), *writer]}.values():
        stop_contact(one, StopReason.OPTED_OUT, detail=words_of(arrival))
    who = message.recipient if message else arrival.mail.from_address
    return f"{who} is suppressed in the whole workspace, all sequences were stopped."


def _way(arrival: Arrival) -> How:
    """Return whether they wrote to the address of List-Unsubscribe, by hand or by their program, or answered."""
    to_address = any(one.rule in PROGRAM_RULES for one in arrival.verdict.evidence)
    return How.MAIL if to_address or arrival.match.by is MatchedBy.TOKEN else How.ANSWER


def _only_keep(_arrival: Arrival) -> str:
    """Kept and shown, never dropped; nothing follows from it."""
    return ""


_ACTIONS: dict[Kind, Callable[[Arrival], str]] = {
    Kind.HUMAN_REPLY: _reply,
    Kind.AUTO_REPLY: _auto_reply,
    Kind.BOUNCE: _bounce,
    Kind.COMPLAINT: _complaint,
    Kind.OPT_OUT: _opt_out,
    Kind.CHALLENGE: _challenge,
    Kind.OTHER: _other,
}
