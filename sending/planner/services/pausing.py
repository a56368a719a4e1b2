"""Hold people in whatever campaign: a company that has answered, an address whose messages keep coming back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns.contacts.models import Contact
from campaigns.sequences.states import LAUNCHED
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from outreach.kit import gate, statements
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.budgets import database_now
from sending.pacing import HoldCode, Pace
from sending.pacing.receivers import is_free_mail
from sending.planner.entries import entry_of
from sending.planner.models import Enrollment, Pause
from sending.planner.services.people import release
from sending.planner.states import EnrollmentState, PauseScope

# Three messages that came back for now, on three days of thirty: the address rests as long.
SOFT_DAYS = 3
SPAN = timedelta(days=30)
# An answer that may ask for no more messages: as good as until somebody says what it says, and in no case for ever.
_UNREAD_SPAN = timedelta(days=366)
_UNREAD = "An answer may ask for no more messages: no campaign writes until somebody says in the inbox what it says."
_SOFT = """
SELECT count(DISTINCT (at AT TIME ZONE 'UTC')::date) FROM ledger_event
 WHERE contact_id = %s AND kind = 'bounced_soft' AND at > now() - make_interval(secs => %s)
   AND data->>'category' = ANY(%s::varchar[])
"""


def colleagues_of(contact: Contact) -> QuerySet[Enrollment]:
    """Return who else at the contact's company something may still be sent to; nobody at a free provider."""
    rows = Enrollment.objects.filter(
        workspace=contact.workspace_id,
        contact__domain=contact.domain,
        campaign__state__in=list(LAUNCHED),
        state__in=[EnrollmentState.ACTIVE, EnrollmentState.SENDING],
    ).exclude(contact=contact.pk)
    return rows.none() if is_free_mail(contact.domain) else rows


def company_pause(workspace_id: int, domain: str) -> Pause | None:
    """Return the pause of a company, None where it goes on."""
    return Pause.objects.filter(workspace=workspace_id, scope=PauseScope.COMPANY, value=domain).first()


def pause_company(member: Member, contact: Contact) -> int:
    """Let nothing more go to anybody at the contact's company until a person ends it; returns how many wait there.

    0 at a free provider, where nothing is paused. After the commit nothing is marked as leaving any more.
    """
    member.require(Role.MEMBER)
    if contact.workspace_id != member.workspace.pk or is_free_mail(contact.domain):
        return 0
    with transaction.atomic():
        gate.hold_shut(contact.workspace_id)
        now = database_now()
        words = f"{member.user.email} paused {contact.domain}: somebody there has answered."[:300]
        Pause.objects.update_or_create(
            workspace=member.workspace,
            value=contact.domain,
            defaults={"scope": PauseScope.COMPANY, "words": words, "until": None, "created_by": member.user},
        )
        held = list(colleagues_of(contact).select_related("contact"))
        told = {"code": HoldCode.COMPANY_PAUSED.value, "words": words}
        record([entry_of(one, EventKind.HELD, now, **told) for one in held])
        people = {one.contact_id for one in held}
        waiting = [one.pk for one in held if one.state == EnrollmentState.ACTIVE and not one.hold_code]
        Enrollment.objects.filter(pk__in=waiting, state=EnrollmentState.ACTIVE, hold_code="").update(
            hold_code=HoldCode.COMPANY_PAUSED, hold_detail=words, held_since=now
        )
    return len(people)


def resume_company(member: Member, domain: str) -> bool:
    """Let those at a company go on: whoever waits is looked at again. False where nothing is paused."""
    member.require(Role.MEMBER)
    with transaction.atomic():
        found, _ = Pause.objects.filter(workspace=member.workspace, scope=PauseScope.COMPANY, value=domain).delete()
        if found:
            _let_go(member.workspace.pk, Q(contact__domain=domain), HoldCode.COMPANY_PAUSED)
    return bool(found)


def hold_if_soft(contact: Contact, categories: Sequence[str]) -> str:
    """Hold an address whose messages came back for now on three days of thirty; returns the words, "" where not.

    categories: that count. Asked when one more has been recorded, inside that transaction.
    """
    seconds = SPAN.total_seconds()
    ((days,),) = statements.run(_SOFT, [contact.pk, seconds, list(categories)])
    if days < SOFT_DAYS or contact.workspace.time_scale > 1:
        return ""
    now = database_now()
    words = f"Messages to the address came back for now on {days} days of 30: it rests for 30 days."[:300]
    _hold(contact.workspace, contact.email_key, now + SPAN, words)
    return words


def hold_unread(workspace: Workspace, keys: Collection[str]) -> None:
    """Hold addresses (keys) whose answer may ask for no more messages, in all campaigns, until a person has read it.

    Runs inside the caller's transaction. After the commit nothing to them is marked as leaving.
    """
    gate.hold_shut(workspace.pk)
    until = database_now() + Pace(workspace.time_scale).shrink(_UNREAD_SPAN)
    for key in sorted(keys):
        _hold(workspace, key, until, _UNREAD)


def let_unread_go(workspace_id: int, keys: Collection[str]) -> None:
    """End the hold of addresses that were held until somebody has read an answer. Inside the caller's transaction."""
    held = Pause.objects.filter(workspace=workspace_id, scope=PauseScope.ADDRESS, value__in=keys, words=_UNREAD)
    found = list(held.values_list("value", flat=True))
    held.delete()
    if found:
        _let_go(workspace_id, Q(contact__email_key__in=found), HoldCode.ADDRESS_HELD)


def _hold(workspace: Workspace, key: str, until: datetime, words: str) -> None:
    """Let an address rest until an instant, never less long than it does already, and tell of it where it is new."""
    scope = {"scope": PauseScope.ADDRESS, "words": words, "until": until}
    row, is_new = Pause.objects.get_or_create(workspace=workspace, value=key, defaults=scope)
    if not is_new and row.until is not None and row.until < until:
        Pause.objects.filter(pk=row.pk).update(words=words, until=until)
    contact = Contact.objects.filter(workspace=workspace, email_key=key).first()
    if is_new and contact is not None:
        data = {"code": HoldCode.ADDRESS_HELD.value, "words": words, "until": until.isoformat()}
        record([Entry(workspace.pk, EventKind.HELD, database_now(), contact_id=contact.pk, data=data)])


def let_address_go(member: Member, contact: Contact) -> bool:
    """End the rest of an address: a person knows better. False where it does not rest."""
    member.require(Role.MEMBER)
    with transaction.atomic():
        found, _ = Pause.objects.filter(
            workspace=member.workspace, scope=PauseScope.ADDRESS, value=contact.email_key
        ).delete()
        if found:
            _let_go(member.workspace.pk, Q(contact=contact), HoldCode.ADDRESS_HELD)
    return bool(found)


def _let_go(workspace_id: int, whom: Q, code: HoldCode) -> None:
    held = Enrollment.objects.filter(whom, workspace=workspace_id, state=EnrollmentState.ACTIVE, hold_code=code)
    for one in held.order_by("pk"):
        release(one)
