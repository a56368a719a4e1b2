"""What answers clicks and opens in front of Django says what Django's door says, and notes each hit once."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory

from outreach.kit.tokens import instance_signer
from outreach.wsgi import application
from sending.links.addresses import CLICK, OPEN, OfMessage
from sending.links.models import Destination
from sending.links.services import is_kept
from sending.tracking import answers
from sending.tracking.front import TrackingFront
from sending.tracking.hits import Seen
from tests.builders import make_workspace
from tests.sending.tracking.host import CHROME, NAME

pytestmark = pytest.mark.django_db
URL = "https://acme.example/a?b=c#d"
Told = tuple[int, dict[str, str], bytes]


class Notebook(list[Seen]):
    """Hits stay in it: the buffer of this process may have a thread from another test, which carries them away."""

    add = list.append


@pytest.fixture(autouse=True)
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    monkeypatch.setattr(answers, "HITS", kept := Notebook())
    return kept


@pytest.fixture
def number() -> int:
    return Destination.objects.create(workspace=make_workspace(), url=URL).pk


def front(method: str, path: str, name: str = NAME) -> Told | None:
    """Return what the front answers, None where it hands on."""
    said: list[Any] = []
    handed_on: list[str] = []

    def behind(environ: dict[str, Any], _start: object) -> list[bytes]:
        handed_on.append(environ["PATH_INFO"])
        return []

    environ = RequestFactory(HTTP_USER_AGENT=CHROME).generic(method, path, HTTP_HOST=name).environ
    body = b"".join(TrackingFront(behind)(environ, lambda status, headers: said.extend([status, headers])))
    if handed_on:
        assert not said
        return None
    return int(said[0][:3]), dict(said[1]), body


def door(method: str, path: str, name: str = NAME) -> Told:
    answer = Client(HTTP_USER_AGENT=CHROME).generic(method, path, HTTP_HOST=name)
    return answer.status_code, dict(answer.headers), answer.content


def noted(notebook: Notebook) -> list[tuple[str, int, int, str, str]]:
    """Return the hits that were noted, without their ids and instants, and forget them."""
    found = [(one.kind, one.message_id, one.number, one.method, one.agent) for one in notebook]
    notebook.clear()
    return found


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_answers_what_the_door_answers_and_notes_the_same(method: str, number: int, notebook: Notebook) -> None:
    marks = OfMessage(7, 5).marks({URL: number})
    wrong = [
        f"/c/{instance_signer().sign(OPEN, 7)}",
        "/c/x",
        "/o/" + "A" * 300,
        f"/c/{instance_signer().sign(CLICK, 7)}",
    ]
    real = [url.removeprefix(f"https://{NAME}") for url in (marks.link(URL) or "", marks.trap, marks.image)]
    door("GET", real[0])
    noted(notebook)
    for path in [*real, *wrong]:
        expected, hits = door(method, path), noted(notebook)
        # A click of nothing is Django's: it takes the same look-up as one whose destination is gone.
        assert front(method, path) == (None if path in {*wrong[:2], wrong[3], real[1]} else expected)
        assert noted(notebook) == ([] if path == real[1] else hits)
        assert len(hits) == (path in real)


def test_what_needs_the_database_and_all_else_goes_on_to_django(number: int, notebook: Notebook) -> None:
    path = (OfMessage(7, 5).marks({URL: number}).link(URL) or "").removeprefix(f"https://{NAME}")
    assert not is_kept(number)
    assert front("GET", path) is None
    assert not noted(notebook)
    assert door("GET", path)[0] == 302
    assert is_kept(number)
    assert front("GET", path) is not None
    opened = f"/o/{instance_signer().sign(OPEN, 7)}"
    for method, other, name in [
        ("POST", opened, NAME), ("GET", "/u/x", NAME), ("GET", f"{opened}/x", NAME), ("GET", "/", NAME),
        ("GET", opened, "other.example"), ("GET", opened, ""), ("GET", path, f"{NAME}.evil.example"),
    ]:  # fmt: skip
        assert front(method, other, name) is None, (method, other, name)


@pytest.mark.parametrize("name", [NAME.upper(), f"{NAME}.", f"{NAME}:443", f"{NAME}.:443"])
def test_the_host_is_the_same_however_it_is_spelled(name: str) -> None:
    path = f"/o/{instance_signer().sign(OPEN, 7)}"
    assert front("GET", path, name) == front("GET", path)
    assert door("GET", path, name) == door("GET", path)


def test_the_server_s_entry_point_has_it_in_front() -> None:
    assert isinstance(application, TrackingFront)
