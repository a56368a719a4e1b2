"""A campaign that is followed: to one person of a country where that is allowed, over a real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from campaigns.sequences.models import Campaign, Variant
from outreach.kit import clock
from sending.chaos.faultsmtpd import FaultServer, serving_in_thread
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.outbox.models import OutboundMessage
from sending.tracking.models import Hit
from sending.tracking.services import SETTLED, judge_due
from tests.sending.outbox.plain import Post, make_post
from tests.sending.outbox.stage import deliver, make_due
from tests.sending.tracking.host import Sent, Visitor, carried, read

HTML = (
    '<p>Good day, <a href="https://acme.example/prices?a=1&amp;b=2">our prices</a> and '
    '<a href="https://acme.example/about">about us</a>, see <a href="https://acme.example">acme.example</a>.</p>'
)
TEXT = "Good day, see https://acme.example/prices?a=1&b=2."


@dataclass(frozen=True)
class Stage:
    server: FaultServer
    post: Post

    @property
    def campaign(self) -> Campaign:
        return self.post.campaign

    @property
    def message(self) -> OutboundMessage:
        return OutboundMessage.objects.order_by("-id")[0]

    def send(self) -> Sent:
        """Send what is due, and return the last message as it arrived."""
        before = len(self.server.accepted)
        make_due()
        deliver()
        assert len(self.server.accepted) == before + 1
        return read(self.server.accepted[-1])

    def delivered(self, ago: timedelta) -> None:
        """Let the newest message have left a while ago."""
        pk, at = self.message.pk, self.message.dot_at
        assert at is not None
        OutboundMessage.objects.filter(pk=pk).update(dot_at=at - ago, sent_at=at - ago)

    def events(self, *kinds: EventKind) -> list[str]:
        return list(Event.objects.filter(kind__in=kinds).order_by("id").values_list("kind", flat=True))


@contextmanager
def followed(*, steps: int = 1, country: str = "US", html: str = HTML, **values: Any) -> Iterator[Stage]:
    """Run a campaign whose clicks and opens are followed; values: of the campaign."""
    columns = {"track_clicks": True, "track_opens": True, **values}
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada", steps=steps)
        post.people[0].country = country
        post.people[0].save(update_fields=["country"])
        Campaign.objects.filter(pk=post.campaign.pk).update(**columns)
        Variant.objects.update(body_html=html, body_text=TEXT)
        post.campaign.refresh_from_db()
        yield Stage(server, post)


def judged() -> list[Hit]:
    """Carry on every hit, judge all whose time has come, as if it had; return them in order."""
    carried()
    last = Hit.objects.order_by("-at").values_list("at", flat=True).first() or clock.now()
    while judge_due(now=last + SETTLED):
        pass
    return list(Hit.objects.order_by("at"))


__all__ = ["HTML", "Stage", "Visitor", "followed", "judged"]
