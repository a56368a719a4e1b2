"""A workspace's own tracking domain: what its messages carry, who answers it, and what it answers else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client

from campaigns.contacts.models import Suppression
from outreach.kit.tokens import instance_signer
from sending.links.addresses import OPEN, OPT_OUT, OfMessage
from sending.links.hosts import proof
from sending.links.hosts.known import KNOWN
from sending.links.models import Destination, TrackingDomain
from sending.links.states import DomainState
from sending.planner.preview.shown import preview
from sending.tracking import answers
from sending.tracking.hits import Seen
from tests.builders import make_contact, make_tracking_domain, make_workspace
from tests.sending.planner.pages import make_draft, signed_in, text_of
from tests.sending.planner.stage import make_team
from tests.sending.tracking.host import NAME
from tests.sending.tracking.stage import followed

pytestmark = pytest.mark.django_db(transaction=True)
HOST, OURS = "go.acme.test", f"https://{NAME}"


@pytest.fixture(autouse=True)
def _nothing_is_known_from_before() -> None:
    KNOWN.look_again()


def asked(url: str, host: str = "", method: str = "get", **more: Any) -> HttpResponse:
    """Ask for an address, at its own host or at another one."""
    ask = getattr(Client(enforce_csrf_checks=True), method)
    parts = urlsplit(url)
    return cast("HttpResponse", ask(parts.path, HTTP_HOST=host or parts.netloc, **more))


def test_messages_lead_over_the_domain_while_it_works_and_back_over_ours() -> None:
    with followed(steps=2) as stage:
        row = make_tracking_domain(stage.post.member.workspace, HOST, DomainState.WORKS)
        first = stage.send()
        assert first.header.startswith(f"https://{HOST}/u/")
        for text in (first.text, first.html):
            assert f"https://{HOST}/" in text
            assert NAME not in text
        assert first.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert asked(first.header).status_code == 200
        TrackingDomain.objects.filter(pk=row.pk).update(state=DomainState.BROKEN)
        second = stage.send()
        assert second.header.startswith(f"{OURS}/u/")
        assert len(second.links) == 2
        assert HOST not in second.html
        # what is out is answered whatever became of the domain, at either host
        for state in (DomainState.BROKEN, DomainState.RETIRED):
            TrackingDomain.objects.filter(pk=row.pk).update(state=state)
            KNOWN.look_again()
            for host in (HOST, NAME, f"{HOST}:443"):
                assert asked(first.header, host).status_code == 200
        answer = asked(first.header, HOST, "post", data={"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, Suppression.objects.count()) == (200, 1)


def test_previews_show_the_domain() -> None:
    with followed() as stage:
        make_tracking_domain(stage.post.member.workspace, HOST, DomainState.WORKS)
        (shown,) = preview(stage.campaign, stage.post.people[0], stage.post.mailbox)
        assert f"https://{HOST}/c/" in shown.html
        assert NAME not in shown.html + shown.text


@pytest.mark.django_db(transaction=False)
def test_a_domain_answers_for_its_own_workspace_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[Seen] = []
    monkeypatch.setattr(answers, "HITS", SimpleNamespace(add=noted.append))
    mine, theirs = make_workspace("mine"), make_workspace("theirs")
    make_tracking_domain(mine, HOST, DomainState.WORKS)
    make_tracking_domain(theirs, "go.theirs.test", DomainState.WORKS)
    url = "https://acme.example/"
    link = OfMessage(7, 5).marks({url: Destination.objects.create(workspace=mine, url=url).pk}).link(url) or ""
    page = f"/u/{instance_signer().sign(OPT_OUT, make_contact(mine, 'ada@x.example').pk, 7)}"
    lost = asked("/c/x", HOST).content
    for host, status in ((HOST, 302), (NAME, 302), ("go.theirs.test", 404)):
        assert asked(link, host).status_code == status
        assert len(noted) == (status == 302), "what leads nowhere is no click"
        noted.clear()
    for path in (page, f"{page}/source"):
        assert [asked(path, host).status_code for host in (HOST, NAME, "go.theirs.test")] == [200, 200, 404]
        assert asked(path, "go.theirs.test").content == lost
    answer = asked(page, "go.theirs.test", "post", data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, Suppression.objects.count()) == (404, 0)


@pytest.mark.django_db(transaction=False)
def test_a_domain_shows_no_page_and_an_unproven_one_nothing_at_all() -> None:
    make_tracking_domain(make_workspace("a"), HOST, DomainState.WORKS)
    make_tracking_domain(make_workspace("b"), "claimed.test")
    image = f"/o/{instance_signer().sign(OPEN, 0)}"
    assert (asked(image, HOST).status_code, asked(image, HOST).cookies) == (200, {})
    for path in ("/", "/healthz", "/accounts/login/", "/w/a/", "/static/x.css"):
        answer = asked(path, HOST)
        assert (answer.status_code, answer.cookies) == (404, {})
    for host in ("claimed.test", "strange.test"):
        assert asked(image, host).status_code == 400


@pytest.mark.django_db(transaction=False)
def test_the_proxy_may_ask_for_which_names_to_get_certificates_and_nobody_else_may() -> None:
    make_tracking_domain(make_workspace("a"), HOST, points_here=True)
    make_tracking_domain(make_workspace("b"), "claimed.test")
    path = "/.well-known/outreach/certificate"

    def asks(domain: str, **more: str) -> int:
        return Client().get(path, {"domain": domain} if domain else {}, HTTP_HOST="web:8000", **more).status_code  # type: ignore[arg-type]

    assert [asks(name) for name in (HOST, HOST.upper(), "claimed.test", "strange.test", "testserver", "")] == [
        200, 200, 404, 404, 404, 404,
    ]  # fmt: skip
    assert asks(HOST, HTTP_X_FORWARDED_FOR="203.0.113.9") == 404


@pytest.mark.django_db(transaction=False)
def test_a_question_that_this_instance_did_not_ask_is_not_answered() -> None:
    lost = asked("/c/x", NAME)
    for path in (f"{proof.PATH}x", f"{proof.PATH}{instance_signer().sign(OPEN, 7)}", "/.well-known/outreach/"):
        answer = asked(path, HOST)
        assert (answer.status_code, answer.content) == (404, lost.content)


@pytest.mark.django_db(transaction=False)
def test_the_pages_of_a_campaign_say_which_host_messages_lead_over() -> None:
    member = make_team()
    campaign = make_draft(member)

    def said(page: str = "planner:review") -> str:
        return text_of(signed_in(member).get(member.url(page, campaign.pk)))

    assert "racking domain" not in said()
    row = make_tracking_domain(member.workspace, HOST, DomainState.WORKS)
    assert f"Links and opt-outs lead over {HOST}, which works." in said()
    assert f"New messages lead over https://{HOST} :" in said("tracking:choices")
    TrackingDomain.objects.filter(pk=row.pk).update(state=DomainState.BROKEN, found="Its certificate ended.")
    words = f"The tracking domain {HOST} does not work: messages lead over {NAME} instead. Its certificate ended."
    assert words in said()
    assert f"New messages lead over {OURS} :" in said("tracking:choices")
