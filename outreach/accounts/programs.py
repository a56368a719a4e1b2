"""Programs that come in with an API key: give them one, let them in, send them away."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from outreach.accounts.access import Member
from outreach.accounts.errors import NotAllowed
from outreach.accounts.keys import NewSecret, Scope, fits, new_secret, public_part
from outreach.accounts.models import ApiKey, KeptAnswer, Membership
from outreach.accounts.roles import Role
from outreach.kit import clock

_SEEN = timedelta(minutes=1)  # how exactly the last use is kept: a busy key costs one write a minute

KEPT_FOR = timedelta(hours=24)  # what a POST with an Idempotency-Key was answered
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What a key shall be able to do."""

    name: str
    scopes: Collection[Scope]
    role: Role
    expires_at: datetime | None = None


def create_key(member: Member, wish: Wish) -> tuple[ApiKey, NewSecret]:
    """Store a key of the member's workspace; the secret is in the answer and nowhere else.

    Raises NotAllowed for a role above the member's own, and for who is no member any more: their place is held until
    the key is there, so that whoever takes them out finds it.
    """
    secret = new_secret()
    with transaction.atomic():
        places = Membership.objects.filter(user=member.user, workspace=member.workspace)
        place = places.select_for_update(no_key=True).first()
        if place is None:
            raise NotAllowed("You are no member of this workspace any more.")
        role = Role(place.role)
        if not role.reaches(wish.role):
            raise NotAllowed(f"You are {role.article}: a key of yours cannot be {wish.role.article}.")
        row = ApiKey.objects.create(
            workspace=member.workspace,
            created_by=member.user,
            name=wish.name,
            public=secret.public,
            digest=secret.digest,
            scopes=sorted(wish.scopes),
            role=wish.role,
            expires_at=wish.expires_at,
        )
    return row, secret


def revoke_key(row: ApiKey) -> bool:
    """Let the key open nothing any more, from this moment; False when it was revoked before."""
    return bool(ApiKey.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=clock.now()))


def admitted(text: str) -> tuple[ApiKey, Member] | None:
    """Return the key and as whom it comes in; None for any text that opens nothing, whatever the cause.

    The role is the key's, or that of the person who made it where that has become less; a key ends with the
    membership of that person.
    """
    now = clock.now()
    found = ApiKey.objects.filter(public=public_part(text)).select_related("workspace", "created_by")
    row = found.first()
    if not fits(text, row.digest if row else None) or row is None or not _is_valid(row, now):
        return None
    of_maker = Membership.objects.filter(workspace=row.workspace, user=row.created_by).first()
    if of_maker is None:
        return None
    _note_use(row, now)
    role, limit = Role(row.role), Role(of_maker.role)
    return row, Member(user=row.created_by, workspace=row.workspace, role=role if limit.reaches(role) else limit)


def forget_answers() -> None:
    """Delete the answers that were kept long enough, in short transactions."""
    old = KeptAnswer.objects.filter(created_at__lt=clock.now() - KEPT_FOR).order_by("created_at")
    while KeptAnswer.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:_BATCH])).delete()[0] == _BATCH:
        pass


def _is_valid(row: ApiKey, now: datetime) -> bool:
    has_ended = row.expires_at is not None and row.expires_at <= now
    return row.revoked_at is None and not has_ended and row.created_by.is_active


def _note_use(row: ApiKey, now: datetime) -> None:
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - _SEEN)
    if row.last_used_at is None or row.last_used_at < now - _SEEN:
        ApiKey.objects.filter(stale, pk=row.pk).update(last_used_at=now)
