"""A link in a message that was really sent is followed on the tracking host, judged, and told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sending.ledger.kinds import EventKind
from sending.ledger.queries import totals
from sending.tracking.states import Judgement
from tests.sending.tracking.host import Visitor
from tests.sending.tracking.stage import followed, judged

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


def test_a_person_who_clicks_gets_to_the_page_and_is_counted_once() -> None:
    with followed() as stage:
        sent = stage.send()
        stage.delivered(HOUR)
        prices, about = sent.links
        ada = Visitor()
        answer = ada.get(prices)
        assert (answer.status_code, answer["Location"]) == (302, "https://acme.example/prices?a=1&b=2")
        assert ada.get(prices).status_code == 302, "twice is once"
        (first, second) = judged()
        assert (first.judgement, first.network, first.message_id) == (
            Judgement.PERSON, "198.51.100.0/24", stage.message.pk,
        )  # fmt: skip
        assert second.judgement == Judgement.PERSON
        assert totals(stage.post.member.workspace.pk, campaign_id=stage.campaign.pk)[EventKind.CLICKED] == 1
        assert about != prices


def test_a_machine_that_follows_every_link_is_told_apart() -> None:
    with followed() as stage:
        sent = stage.send()
        scanner = Visitor(address="203.0.113.9")
        for link in (*sent.links, sent.trap):
            scanner.get(link)
        assert {hit.judgement for hit in judged()} == {Judgement.MACHINE}
        assert stage.events(EventKind.CLICKED, EventKind.CLICK_MACHINE) == ["click_machine"]


def test_the_image_of_a_message_tells_of_an_open() -> None:
    with followed() as stage:
        sent = stage.send()
        stage.delivered(HOUR)
        answer = Visitor(GMAIL).get(sent.image)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/gif")
        Visitor("Mozilla/5.0").get(sent.image)
        judged()
        assert stage.events(EventKind.OPENED, EventKind.OPEN_MACHINE) == ["opened", "open_machine"]
