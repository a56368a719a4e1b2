"""A link in a message that was really sent is followed on the tracking host, judged, and told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.contacts.services import erase
from campaigns.sequences.models import Variant
from outreach.kit import clock
from sending.ledger.kinds import EventKind
from sending.ledger.queries import totals
from sending.links.addresses import OfMessage
from sending.links.models import Destination, PersonalDestination
from sending.outbox.letters import stored_letter
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.outbox.tracing import addressing_of
from sending.planner.models import Enrollment
from sending.reports.results import results_of
from sending.tracking.models import Hit
from sending.tracking.queries import hits_of
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


def test_who_looks_at_a_message_that_was_put_off_is_a_machine() -> None:
    with followed() as stage:
        sent = stage.send()
        stage.delivered(HOUR)
        Visitor().get(sent.links[0])
        put_off = {"state": MessageState.DEFERRED, "sent_at": None, "retry_at": clock.now() + HOUR}
        OutboundMessage.objects.update(**put_off)
        assert [hit.judgement for hit in judged()] == [Judgement.MACHINE]
        Hit.objects.update(judgement=Judgement.PENDING)
        OutboundMessage.objects.update(again_at=clock.now())
        assert [hit.judgement for hit in judged()] == [Judgement.PERSON], "an earlier copy may have arrived"


def test_the_image_of_a_message_tells_of_an_open() -> None:
    with followed() as stage:
        sent = stage.send()
        stage.delivered(HOUR)
        answer = Visitor(GMAIL).get(sent.image)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/gif")
        Visitor("Mozilla/5.0").get(sent.image)
        judged()
        assert stage.events(EventKind.OPENED, EventKind.OPEN_MACHINE) == ["opened", "open_machine"]


def test_clicks_are_counted_of_the_messages_that_have_a_link() -> None:
    with followed(steps=2) as stage:
        Variant.objects.filter(step__position=1).update(body_html="<p>Nothing to follow.</p>", body_text="Good day")
        stage.send()
        Enrollment.objects.update(last_sent_at=clock.now() - timedelta(days=30))
        sent = stage.send()
        stage.delivered(HOUR)
        Visitor().get(sent.links[0])
        judged()
        counted = totals(stage.post.member.workspace.pk, campaign_id=stage.campaign.pk)
        rates = {one.label: (one.hits, one.total) for one in results_of(stage.campaign, counted).followed}
        assert (rates["Clicked by a person"], rates["Opened by a person"]) == ((1, 1), (0, 2))


def test_a_link_with_something_of_the_person_in_it_goes_with_them() -> None:
    html = '<p><a href="https://acme.example/?to={{ email }}">yours</a> <a href="https://acme.example/a">ours</a></p>'
    with followed(html=html) as stage:
        sent = stage.send()
        yours, ours = sent.links
        ada = stage.post.people[0]
        assert Visitor().get(yours)["Location"] == "https://acme.example/?to=ada@x.test"
        assert list(Destination.objects.values_list("url", flat=True)) == ["https://acme.example/a"]
        judged()
        told = hits_of(stage.post.member.workspace.pk, stage.message.pk)
        assert [one.where for one in told] == ["https://acme.example/?to=ada@x.test"]
        message = OutboundMessage.objects.select_related("contact", "step").get()
        again = addressing_of([stored_letter(message)])[message.pk].destinations
        assert sorted(again) == ["https://acme.example/?to=ada@x.test", "https://acme.example/a"]
        addresses = OfMessage(message.pk, ada.pk).marks(again)
        assert all(str(addresses.link(url)) in sent.html for url in again), "another try has the same bytes"
        erase(stage.post.member, ada, typed=ada.email, why="Asked for it.")
        assert Visitor().get(yours).status_code == 404
        assert Visitor().get(ours).status_code == 302
        assert "ada" not in "".join(PersonalDestination.objects.values_list("url", flat=True))
