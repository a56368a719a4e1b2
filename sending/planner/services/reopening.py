"""Look again at whom a setting held that stands no more: they wait for what holds now, not for what held them once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from outreach.accounts.access import Member
from outreach.kit import gate, statements
from sending.ledger.kinds import EventKind
from sending.ledger.services import record
from sending.mailboxes.budgets import database_now
from sending.mailboxes.cooling import name_of, warm_up
from sending.mailboxes.models import Cooldown, Mailbox
from sending.mailboxes.reported import release
from sending.pacing import HoldCode
from sending.planner.entries import entry_for
from sending.planner.models import CampaignMailbox, Enrollment
from sending.planner.services.waking import wake
from sending.planner.states import EnrollmentState

_PART = 5_000  # people of one statement
# A claim only holds whose own wait is over: the first look that held them is the instant from which they are due. In
# the order of their numbers, since two settings may be changed at once; planner_people serves it.
_REOPEN = """
WITH held AS (
    SELECT e.id FROM planner_enrollment e
     WHERE e.campaign_id = %s AND e.state = 'active' AND e.id > %s AND e.hold_code = ANY(%s::varchar[])
     ORDER BY e.id LIMIT %s
       FOR NO KEY UPDATE
), let_go AS (
UPDATE planner_enrollment e
   SET due_at = LEAST(e.due_at, e.held_since), hold_code = '', hold_detail = '', held_since = NULL
  FROM held WHERE e.id = held.id
RETURNING e.id, e.workspace_id, e.campaign_id, e.contact_id, e.mailbox_id
)
SELECT * FROM let_go ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class _LetGo:
    enrollment_id: int
    workspace_id: int
    campaign_id: int
    contact_id: int
    mailbox_id: int | None


def reopen(campaign_id: int, codes: Sequence[HoldCode], *, words: str) -> int:
    """Let the people of a campaign whom one of the codes holds be due again; returns how many.

    Runs inside the transaction that changes the setting. Each gets the event with the words, and the mailboxes look
    after the commit. What holds now holds them again at that look, with the reason and the instant of now.
    """
    now, after, count = database_now(), 0, 0
    mailbox_ids: set[int] = set()
    while True:
        rows = statements.run(_REOPEN, [campaign_id, after, [one.value for one in codes], _PART])
        people = [_LetGo(*row) for row in rows]
        record([entry_for(one, EventKind.RELEASED, now, {"words": words}) for one in people])
        mailbox_ids |= {one.mailbox_id for one in people if one.mailbox_id is not None}
        count += len(people)
        if len(people) < _PART:
            break
        after = people[-1].enrollment_id
    wake(campaign_id, also=mailbox_ids)
    return count


def write_again(mailbox: Mailbox, side: str, *, by: Member | None = None, why: str = "") -> bool:
    """Let a mailbox write to a side again that it leaves alone (see mailboxes.cooling): a person says so.

    Where a provider's own number holds all mailboxes of a domain, all of them do, and only an admin who says why lets
    them: else raises StillGuarded. Whoever it held is looked at again. False where it writes there already.
    """
    with transaction.atomic():
        cooling = Cooldown.objects.filter(mailbox=mailbox, side=side, until__gt=database_now()).first()
        if cooling is None:
            return False
        if cooling.reported:
            gate.hold_shut(mailbox.workspace_id)
            boxes = release(mailbox.workspace_id, cooling.reported, by=by, why=why)
        else:
            boxes = [mailbox.pk] if warm_up(mailbox, side) else []
        who = f"{cooling.reported}: its mailboxes write" if cooling.reported else f"{mailbox.address} writes"
        held = Enrollment.objects.filter(
            mailbox__in=boxes, state=EnrollmentState.ACTIVE, hold_code=HoldCode.COOLDOWN
        ).values_list("campaign", flat=True)
        carried = CampaignMailbox.objects.filter(mailbox__in=boxes).values_list("campaign", flat=True)
        for campaign_id in sorted({*carried, *held}):
            reopen(campaign_id, [HoldCode.COOLDOWN], words=f"{who} to {name_of(side)} again.")
    return bool(boxes)
