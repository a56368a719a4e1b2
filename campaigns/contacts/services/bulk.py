"""Do one thing to many contacts: fixed when it is planned, confirmed by its count, done in parts by a worker.

Whom it is about is written down when it is planned, so that nobody who appears later is meant, and nobody who does not
match any more by what was done before is left out. What is done to a part, the counts, and the part's end are one
transaction: a worker that is killed anywhere leaves whole parts to the next one. A worker owns an act by a lease that
each part renews; whoever lost it writes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Count, F, Q, QuerySet

from campaigns.contacts.core.suppressing import Rule
from campaigns.contacts.errors import NothingToCheck
from campaigns.contacts.models import BulkAct, BulkPart, Contact, ContactList, ContactTag
from campaigns.contacts.services.checks import look_at
from campaigns.contacts.services.people import add_to_list, delete_contacts, remove_from_list
from campaigns.contacts.services.suppressions import Wish, suppress_all
from campaigns.contacts.services.tags import add_tags, remove_tags
from campaigns.contacts.states import BulkAction, BulkState, SuppressionReason, SuppressionScope
from outreach.accounts.access import Member
from outreach.kit import clock
from outreach.kit.away import gave_way
from outreach.kit.hints import hint_at

PART = 500  # contacts
LEASE = timedelta(minutes=3)
FORGOTTEN = timedelta(days=1)  # after which a plan that nobody confirmed goes away
_SLICE_S = 30.0
_TRIES = 4  # each time somebody else writes to some of the part at the same moment

_FIX = """
INSERT INTO contacts_bulk_part (bulk_act_id, number, ids)
SELECT %s, number, array_agg(id ORDER BY id)
  FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1) / %s AS number FROM ({people}) AS found(id)) AS numbered
 GROUP BY number
"""
_TOTAL = "SELECT COALESCE(sum(cardinality(ids)), 0) FROM contacts_bulk_part WHERE bulk_act_id = %s"


def plan_bulk(  # noqa: PLR0913  # what is done, with what, to whom
    member: Member,
    action: BulkAction,
    people: QuerySet[Contact],
    *,
    contact_list: ContactList | None = None,
    tags: Sequence[str] = (),
    note: str = "",
    query: str = "",
) -> BulkAct:
    """Fix whom an act is about, and return it with its count; nothing happens before it is confirmed.

    Raises NothingToCheck for a check in a sandbox.
    """
    if action is BulkAction.CHECK and member.workspace.time_scale > 1:
        raise NothingToCheck("The people of a sandbox live at domains that are in no DNS: there is nothing to check.")
    sql, values = people.order_by().values("pk").query.sql_with_params()
    with transaction.atomic(), connection.cursor() as cursor:
        row = BulkAct.objects.create(
            workspace=member.workspace,
            created_by=member.user,
            action=action,
            contact_list=contact_list,
            tags=list(tags),
            note=note,
            query=query,
        )
        cursor.execute(_FIX.format(people=sql), [row.pk, PART, *values])
        cursor.execute(_TOTAL, [row.pk])
        (row.total,) = cursor.fetchone()
        row.save(update_fields=["total"])
    return row


def confirm_bulk(row: BulkAct, *, hint: bool = True) -> bool:
    """Begin what was planned; False when it had begun or ended already."""
    with transaction.atomic():
        moved = BulkAct.objects.filter(pk=row.pk, state=BulkState.PLANNED).update(state=BulkState.RUNNING)
        if moved and hint:
            transaction.on_commit(lambda: _hint(row.pk))
    return bool(moved)


def cancel_bulk(row: BulkAct) -> bool:
    """End an act; what was done to some stays. False when it had ended."""
    with transaction.atomic():
        open_ones = BulkAct.objects.filter(pk=row.pk, state__in=[BulkState.PLANNED, BulkState.RUNNING])
        moved = open_ones.update(state=BulkState.CANCELLED, finished_at=clock.now(), owner=None, lease_until=None)
        if moved:
            BulkPart.objects.filter(bulk_act=row.pk).delete()
    return bool(moved)


def run_bulk(bulk_id: int) -> None:
    """Go on with an act for half a minute, and hint the next slice. Safe to run twice, late or never."""
    row = _taken(bulk_id)
    if row is None:
        return
    ends = time.monotonic() + _SLICE_S
    while _part_done(row):
        if time.monotonic() > ends:
            _keep(row, owner=None, lease_until=None)
            _hint(row.pk)
            return


def sweep_bulk() -> None:
    """Hint the acts that nobody works at, and forget plans that nobody confirmed."""
    now = clock.now()
    BulkAct.objects.filter(state=BulkState.PLANNED, created_at__lt=now - FORGOTTEN).delete()
    for pk in BulkAct.objects.filter(_is_free(now), state=BulkState.RUNNING).values_list("pk", flat=True):
        _hint(pk)


def _taken(bulk_id: int) -> BulkAct | None:
    """Return the act, now owned by this worker; None where another works at it, or it is over."""
    owner, now = uuid4(), clock.now()
    rows = BulkAct.objects.filter(_is_free(now), pk=bulk_id, state=BulkState.RUNNING)
    if not rows.update(owner=owner, lease_until=now + LEASE):
        return None
    return BulkAct.objects.select_related("workspace", "contact_list", "created_by").get(pk=bulk_id)


def _is_free(now: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=now)


def _keep(row: BulkAct, **fields: object) -> bool:
    """Write to the act if it is still ours, and hold its row until the commit."""
    ours = BulkAct.objects.filter(pk=row.pk, owner=row.owner, state=BulkState.RUNNING)
    return bool(ours.update(**{"lease_until": clock.now() + LEASE, **fields}))


def _part_done(row: BulkAct) -> bool:
    """Do the next part, again where it and another transaction were in each other's way."""
    for _ in range(_TRIES - 1):
        try:
            return _do_part(row)
        except DatabaseError as error:
            if not isinstance(error, IntegrityError) and not gave_way(error):
                raise
    return _do_part(row)


def _do_part(row: BulkAct) -> bool:
    """Do the next part of an act; False when none is left, or it is not ours any more."""
    part = BulkPart.objects.filter(bulk_act=row.pk).order_by("number").first()
    if part is None:
        _keep(row, state=BulkState.DONE, finished_at=clock.now(), owner=None, lease_until=None)
        return False
    if row.action == BulkAction.CHECK:  # other people's name servers: outside of any transaction, and safe to repeat
        domains = Contact.objects.filter(workspace=row.workspace, pk__in=part.ids).values_list("domain", flat=True)
        look_at(row.workspace_id, sorted(set(domains)))
    with transaction.atomic():
        if not _keep(row, done=F("done") + len(part.ids)):
            return False
        changed = _ACTS[BulkAction(row.action)](row, part.ids)
        _keep(row, changed=F("changed") + changed)
        part.delete()
    return True


def _add(row: BulkAct, ids: Sequence[int]) -> int:
    return add_to_list(row.contact_list, ids) if row.contact_list else 0


def _remove(row: BulkAct, ids: Sequence[int]) -> int:
    return remove_from_list(row.contact_list, ids) if row.contact_list else 0


def _tag(row: BulkAct, ids: Sequence[int]) -> int:
    """Return how many had not all of the tags."""
    people = _tagged(row, ids).values("contact").annotate(tags=Count("pk"))
    had = people.filter(tags=len(set(row.tags)), contact__erased_at=None).count()
    return add_tags(row.workspace, ids, row.tags) - had


def _untag(row: BulkAct, ids: Sequence[int]) -> int:
    """Return how many had one of the tags at least."""
    people = _tagged(row, ids).values("contact").distinct().count()
    remove_tags(row.workspace, ids, row.tags)
    return people


def _tagged(row: BulkAct, ids: Sequence[int]) -> QuerySet[ContactTag]:
    return ContactTag.objects.filter(tag__workspace=row.workspace, tag__name__in=row.tags, contact__in=ids)


def _suppress(row: BulkAct, ids: Sequence[int]) -> int:
    contacts = Contact.objects.filter(workspace=row.workspace, pk__in=ids, erased_at=None)
    keys = contacts.values_list("email_key", flat=True)
    wishes = [Wish(Rule(SuppressionScope.ADDRESS, key), SuppressionReason.MANUAL, row.note) for key in keys]
    return suppress_all(row.workspace, wishes, by=row.created_by) if wishes else 0


def _checked(row: BulkAct, ids: Sequence[int]) -> int:
    """Return for how many the check has found a word; it is written already."""
    return Contact.objects.filter(workspace=row.workspace, pk__in=ids).exclude(verdict="").count()


_ACTS: dict[BulkAction, Callable[[BulkAct, Sequence[int]], int]] = {
    BulkAction.ADD: _add,
    BulkAction.REMOVE: _remove,
    BulkAction.TAG: _tag,
    BulkAction.UNTAG: _untag,
    BulkAction.SUPPRESS: _suppress,
    BulkAction.DELETE: lambda row, ids: delete_contacts(row.workspace, ids),
    BulkAction.CHECK: _checked,
}


def _hint(bulk_id: int) -> None:
    """Wake a worker. Only a hint: the sweep finds the act when Redis is away."""
    hint_at("contacts.run_bulk", bulk_id, "bulk")
