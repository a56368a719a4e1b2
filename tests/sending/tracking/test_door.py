"""The tracking host answers to nothing but its own addresses, and says nothing about what is wrong with others."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver

from outreach.kit.tokens import instance_signer
from sending.links.addresses import CLICK, OPEN, OPT_OUT, TRAP, OfMessage, leading_nowhere
from sending.links.models import Destination
from sending.links.services import keep_personal
from sending.tracking.door import URLS
from tests.builders import make_contact, make_workspace
from tests.sending.tracking.host import NAME, Visitor, carried

pytestmark = pytest.mark.django_db
LOST = [
    "/", "/c/", "/c/x", "/o/x", "/u/x", "/u/x/source", "/healthz", "/w/acme/", "/accounts/login/", "/static/x.css",
    "/c/" + "A" * 300, "/c/%00", "/o/" + "é" * 10, "/u/../../etc", "/c/x?to=https://evil.example",
]  # fmt: skip


def tokens() -> list[str]:
    """Return addresses that are signed and lead nowhere, or are of another purpose."""
    sign = instance_signer().sign
    return [
        f"/c/{sign(CLICK, 7, 99)}", f"/c/{sign(OPEN, 7)}", f"/c/{sign(OPT_OUT, 7, 1)}", f"/c/{sign(CLICK, 7)}",
        f"/o/{sign(CLICK, 7, 1)}", f"/u/{sign(CLICK, 7, 1)}", f"/u/{sign(OPT_OUT, 7, 1)}", f"/c/{sign(CLICK, 0, 0)}",
    ]  # fmt: skip


def test_whatever_is_not_ours_gets_one_and_the_same_answer() -> None:
    bodies = set()
    for path in [*LOST, *tokens()]:
        for method in ("get", "post", "put", "delete"):
            answer = getattr(Client(), method)(path, HTTP_HOST=NAME)
            assert (path, method, answer.status_code) == (path, method, 404)
            assert not answer.cookies
            bodies.add((answer.content, tuple(sorted(answer.headers.items()))))
    assert len(bodies) == 1


def work(path: str) -> list[str]:
    """Return the queries of an answer, without the numbers in them."""
    with CaptureQueriesContext(connection) as asked:
        assert Visitor().get(path).status_code == 404
    return [re.sub(r"-?\d+", "n", query["sql"]) for query in asked]


def test_what_is_no_token_takes_the_same_work_as_one_of_what_is_gone() -> None:
    sign, ada = instance_signer().sign, make_contact(make_workspace())
    urls = keep_personal({(ada.pk, "https://acme.example/?of=ada")})
    theirs = f"/c/{sign(CLICK, 7, *urls.values())}"
    page = f"/u/{sign(OPT_OUT, ada.pk, 7)}"
    assert (Visitor().get(theirs).status_code, Visitor().get(page).status_code) == (302, 200)
    ada.delete()
    trap, unknown = f"/c/{sign(CLICK, 7, TRAP)}", f"/c/{sign(CLICK, 7, 99_999_999)}"
    clicks = [theirs, trap, unknown, "/c/x", "/c/" + "A" * 300, f"/c/{sign(OPEN, 7)}", f"{theirs}A", theirs[:-1]]
    (of_a_click,) = {tuple(work(path)) for path in clicks}
    assert len(of_a_click) == 2, "among the destinations of all, and of one person"
    pages = [page, f"/u/{sign(OPT_OUT, 99_999_999, 7)}", "/u/x", "/u/" + "A" * 300, f"/u/{sign(OPEN, 7)}", f"{page}A"]
    for end in ("", "/source"):
        (of_a_page,) = {tuple(work(f"{path}{end}")) for path in pages}
        assert len(of_a_page) == 2, "among the contacts, and those who are gone"
    assert work("/o/x") == work(f"/o/{sign(CLICK, 7, 1)}") == [], "an image is no row"


def test_every_address_of_the_host_sets_no_cookie_and_is_kept_nowhere() -> None:
    found = get_resolver(URLS).url_patterns
    assert {str(one.pattern) for one in found} == {
        "c/<str:token>", "o/<str:token>", "u/<str:token>", "u/<str:token>/source",
    }  # fmt: skip
    answer = Visitor().get(OfMessage(0, 0).marks({}).image)
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_the_pages_know_nothing_of_the_tracking_host_and_it_nothing_of_them() -> None:
    assert Client().get("/healthz").status_code == 200
    assert Client().get("/healthz", HTTP_HOST=NAME).status_code == 404
    token = instance_signer().sign(OPEN, 7)
    assert Client().get(f"/o/{token}").status_code == 404
    assert Client().get(f"/o/{token}", HTTP_HOST=NAME).status_code == 200
    assert Client().get(f"/o/{token}", HTTP_HOST=f"{NAME}.evil.example").status_code == 400


@pytest.mark.parametrize("path", ["/", "/healthz", "/accounts/login/", "/api/v1/contacts", "/o/x"])
def test_a_host_that_nobody_knows_gets_no_cookie(path: str) -> None:
    for method in ("get", "post"):
        answer = getattr(Client(), method)(path, HTTP_HOST="elsewhere.example")
        assert (answer.status_code, "could not understand" in answer.content.decode()) == (400, True)
        assert not answer.cookies


def test_a_preview_s_addresses_have_the_shape_of_real_ones_and_note_nothing() -> None:
    workspace = make_workspace()
    number = Destination.objects.create(workspace=workspace, url="https://acme.example/").pk
    dead = OfMessage(0, 5).marks({"https://acme.example/": number})
    assert Visitor().get(dead.link("https://acme.example/") or "").status_code == 404
    assert Visitor().get(dead.image).status_code == 200
    assert Visitor().get(dead.opt_out).status_code == 404
    assert carried() == 0


def test_a_destination_is_one_that_was_written_down() -> None:
    workspace = make_workspace()
    url = "https://acme.example/a?b=c#d"
    number = Destination.objects.create(workspace=workspace, url=url).pk
    answer = Visitor().get(OfMessage(7, 5).marks({url: number}).link(url) or "")
    assert (answer.status_code, answer["Location"]) == (302, url)


def test_behind_the_curtain_of_a_rehearsal_no_address_is_anybody_s() -> None:
    message_id, contact_id = 7, 5
    real = OfMessage(message_id, contact_id).opt_out()
    with leading_nowhere():
        dead = OfMessage(message_id, contact_id).opt_out()
    assert dead == OfMessage(0, 0).opt_out() != real
    assert OfMessage(message_id, contact_id).opt_out() == real
