"""Read a workspace's signing keys."""

from __future__ import annotations

from dataclasses import dataclass

from django.shortcuts import get_object_or_404

from outreach.accounts.access import Member
from sending.domains import keys
from sending.domains.keys import KeyLost
from sending.domains.models import DomainKey
from sending.smtp.dkim import TxtRecord, record_of


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key and the record to publish; record is None where the key cannot be opened, trouble says why."""

    key: DomainKey
    record: TxtRecord | None
    trouble: str = ""


def keys_of(member: Member) -> list[KeyRow]:
    """Return the workspace's keys by domain."""
    return [_row(key) for key in DomainKey.objects.filter(workspace=member.workspace).order_by("domain")]


def key_for(member: Member, pk: int) -> DomainKey:
    """Return a key of the member's workspace. Raises Http404 for any other."""
    return get_object_or_404(DomainKey, workspace=member.workspace, pk=pk)


def _row(key: DomainKey) -> KeyRow:
    try:
        opened = keys.opened(key)
    except KeyLost as error:
        return KeyRow(key, None, str(error))
    return KeyRow(key, record_of(opened))
