"""Read what keeps stacks from sending."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import connection
from django.db.models.functions import Now

from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from outreach.kit import statements
from sending.guard.clause import MAY_SEND, params
from sending.guard.core import ALIVE, Kind
from sending.guard.models import Adoption, Finding, Installation, Stranger
from sending.guard.notes import key
from sending.guard.prints import person_print

_SHOWN = 20
_STRANGER = ("id", "person", "message_id", "workspace_id", "written_at")
_STRANGERS = (
    f"SELECT {', '.join(_STRANGER)} FROM guard_stranger"  # noqa: S608  # names of our own
    " WHERE person = ANY(%s::varchar[]) ORDER BY id"
)


def findings() -> Sequence[Finding]:
    """Return what was found and has not gone, the oldest first; one query."""
    return list(Finding.objects.order_by("found_at", "id"))


def adoptions() -> Sequence[Adoption]:
    """Return the last decisions of owners, the newest first."""
    return list(Adoption.objects.order_by("-id")[:_SHOWN])


def strangers_among(asked: Collection[tuple[int, str]]) -> dict[tuple[int, str], Stranger]:
    """Return who of these (workspace, email_key) was written to by what this database has lost; one query.

    Of several messages to one person the first that was lost is told.
    """
    prints = {one: person_print(one[1]) for one in asked}
    found: dict[str, list[Stranger]] = {}
    for row in statements.run(_STRANGERS, [list(set(prints.values()))]):
        stranger = Stranger(**dict(zip(_STRANGER, row, strict=True)))
        found.setdefault(stranger.person, []).append(stranger)
    met = {}
    for one, print_ in prints.items():
        mine = [row for row in found.get(print_, ()) if row.workspace_id in {None, one[0]}]
        if mine:
            met[one] = mine[0]
    return met


def why_nothing_leaves() -> str:
    """Return, in words, why no mail at all may leave from this database; empty when it may.

    For mail that is not in the outbox's hands, also from a process that has no folder of journals (the web server on
    its own): it goes by the stacks that have one, of which the rightful one raises the head every two seconds.
    """
    if _may_send() if key().installation is not None else _is_watched():
        return ""
    if Finding.objects.exclude(kind=Kind.JOURNAL).exists():
        return "Sending stands still until an owner has confirmed this database: it may be a copy."
    return (
        f"No worker has kept watch over this database for {ALIVE.total_seconds():.0f} seconds: it may be a copy. "
        "Start the workers; it goes on by itself."
    )


def _may_send() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {MAY_SEND}", params())  # a condition of our own
        return bool(cursor.fetchone()[0])


def _is_watched() -> bool:
    if Installation.objects.filter(is_paused=False, raised_at__gt=Now() - ALIVE).exists():
        return True
    return not Installation.objects.exists() and not Finding.objects.exclude(kind=Kind.JOURNAL).exists()


def runs_the_server(member: Member) -> bool:
    """Say whether the person answers for the whole server: an owner of its first workspace."""
    first = Workspace.objects.order_by("pk").values_list("pk", flat=True).first()
    return member.may(Role.OWNER) and member.workspace.pk == first
