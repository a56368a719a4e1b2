"""Read hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sending.links.services import addresses_of
from sending.tracking.judging import why
from sending.tracking.models import Hit
from sending.tracking.states import HitKind, Judgement

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class HitTold:
    """A hit as a page tells it. who: its kind and judgement, as events have it; where: the destination of a click."""

    at: datetime
    who: str
    where: str
    signs: Sequence[str]
    agent: str
    network: str


def hits_of(workspace_id: int, message_id: int) -> Sequence[HitTold]:
    """Return the newest hits of a message with what tells who they are from."""
    rows = list(Hit.objects.filter(workspace=workspace_id, message_id=message_id).order_by("-at", "-pk")[:_SHOWN])
    numbers = {row.link for row in rows if row.link}
    urls = addresses_of(workspace_id, numbers)
    return [
        HitTold(row.at, _who(row), urls.get(row.link, ""), [why(sign) for sign in row.signs], row.agent, row.network)
        for row in rows
    ]


def _who(hit: Hit) -> str:
    what = {HitKind.CLICK: "A link", HitKind.OPEN: "The image", HitKind.TRAP: "The hidden link"}[HitKind(hit.kind)]
    by = {
        Judgement.PERSON: "by a person",
        Judgement.MACHINE: "by a machine",
        Judgement.UNKNOWN: "unknown by whom",
        Judgement.PENDING: "not judged yet",
    }[Judgement(hit.judgement)]
    return f"{what}: {by}"
