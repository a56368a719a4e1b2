"""A hit on its way from the request to its row; several make a line of JSON."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from ipaddress import ip_address, ip_network
from operator import attrgetter
from typing import Any
from uuid import UUID

from outreach.env import env
from outreach.kit import clock
from sending.tracking.states import HitKind

_UNSTORABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_IS_BEHIND_PROXY = env().tracking_url.startswith("https://")
_HINTS = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_MOZ", "HTTP_X_PURPOSE")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one request. number: of the destination, 0 where there is none."""

    id: str
    kind: str
    message_id: int
    number: int
    at_s: float  # since 1970
    method: str
    agent: str
    network: str
    hint: str

    @property
    def at(self) -> datetime:
        return clock.instant(self.at_s)


_values = attrgetter(*(one.name for one in fields(Seen)))


def seen(meta: Mapping[str, Any], method: str, kind: HitKind, message_id: int, number: int = 0) -> Seen:
    """Return what is kept of a request; meta: its headers and the address of the other side, as WSGI names them."""
    hint = next((str(meta[name]) for name in _HINTS if meta.get(name)), "")
    return Seen(
        id=os.urandom(16).hex(),
        kind=kind.value,
        message_id=message_id,
        number=number,
        at_s=clock.now().timestamp(),
        method=_clean(method, 10),
        agent=_clean(str(meta.get("HTTP_USER_AGENT", "")), 200),
        network=network_of(_address(meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", ""))),
        hint=_clean(hint, 50),
    )


def line_of(hits: Iterable[Seen]) -> str:
    return json.dumps([_values(hit) for hit in hits], separators=(",", ":"))


def read_line(line: bytes | str) -> list[Seen]:
    """Return the hits of a line. Raises ValueError for what is none of ours."""
    try:
        rows = json.loads(line)
        return [_hit(row) for row in rows]
    except (TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
        raise ValueError("no hits") from error


def _hit(row: Any) -> Seen:
    if not isinstance(row, list):
        raise TypeError
    hit = Seen(*row)
    UUID(hit.id)
    HitKind(hit.kind)
    if not (isinstance(hit.message_id, int) and isinstance(hit.number, int) and hit.at):
        raise ValueError
    return hit


def network_of(address: str) -> str:
    """Return the network of an address, which names no household; "" where there is none."""
    try:
        known = ip_address(address)
    except ValueError:
        return ""
    if known.version == 6 and known.ipv4_mapped:
        known = known.ipv4_mapped
    return str(ip_network((known, 24 if known.version == 4 else 48), strict=False))


def _address(remote: str, forwarded: str) -> str:
    """Return who asked: our proxy's last word where there is one in front, which nobody outside can choose."""
    return forwarded.rpartition(",")[2].strip() if _IS_BEHIND_PROXY and forwarded else remote


def _clean(text: str, most: int) -> str:
    return _UNSTORABLE.sub(" ", text)[:most].strip()
