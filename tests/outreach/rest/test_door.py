"""Who comes in through the API's door, as whom, how often, and what is never let out."""

from __future__ import annotations

import io
import logging
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.test import Client
from ninja import NinjaAPI, Router

from campaigns.contacts.models import Contact
from outreach.accounts.access import Member
from outreach.accounts.keys import Scope
from outreach.accounts.models import ApiKey, Membership, User
from outreach.accounts.programs import revoke_key
from outreach.accounts.roles import Role
from outreach.kit import clock
from outreach.rest import limits
from outreach.rest.door import door
from outreach.rest.limits import spend
from tests.builders import make_contact, make_member, make_workspace
from tests.programs import API, Program, make_key, program_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Member:
    cache.clear()
    return make_member(make_workspace())


def test_a_key_opens_its_own_workspace_and_nothing_else(owner: Member) -> None:
    make_contact(make_workspace("other"), "bob@example.com")
    make_contact(owner.workspace, "ada@example.com")
    answer = program_of(owner).ask("GET", "/contacts")
    assert [row["email"] for row in answer.json()["results"]] == ["ada@example.com"]
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")


def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(owner: Member) -> None:
    _, revoked = make_key(owner)
    revoke_key(ApiKey.objects.get())
    _, expired = make_key(owner, expires_at=clock.now() - timedelta(seconds=1))
    leaver, sleeper = make_member(owner.workspace, Role.ADMIN), make_member(owner.workspace, Role.MEMBER)
    _, left = make_key(leaver)
    Membership.objects.filter(user=leaver.user).delete()
    _, inactive = make_key(sleeper)
    User.objects.filter(pk=sleeper.user.pk).update(is_active=False)
    row, good = make_key(owner)
    guessed = f"okey_{row.public}_{'A' * 43}"
    texts = [revoked, expired, left, inactive, guessed, good[:-1], good + "A", "okey_000000000000_" + "A" * 43, "x", ""]
    answers = [Program(text).ask("GET", "/contacts") for text in texts]
    answers += [
        Client().get(f"{API}/contacts"),
        Client(headers={"Authorization": f"Basic {good}"}).get(f"{API}/contacts"),
        Client(headers={"X-Api-Key": good}).get(f"{API}/contacts?api_key={good}"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert {answer["WWW-Authenticate"] for answer in answers} == {'Bearer realm="api"'}
    assert Program(good).ask("GET", "/contacts").status_code == 200


def test_a_session_opens_nothing(owner: Member) -> None:
    client = Client()
    client.force_login(owner.user)
    assert client.get(f"{API}/contacts").status_code == 401


def test_only_a_digest_of_a_key_is_kept(owner: Member) -> None:
    row, text = make_key(owner)
    row.refresh_from_db()
    kept = [str(value) for value in ApiKey.objects.values().get().values()]
    assert text not in kept
    assert text.rpartition("_")[2] not in "".join(kept)
    assert row.public in text


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/contacts", Scope.CONTACTS_READ),
        ("POST", "/contacts", Scope.CONTACTS_WRITE),
        ("GET", "/suppressions", Scope.SUPPRESSIONS_READ),
        ("POST", "/suppressions", Scope.SUPPRESSIONS_WRITE),
    ],
)
def test_a_scope_opens_what_it_names_alone(owner: Member, method: str, path: str, scope: Scope) -> None:
    body = {"email": "ada@example.com"} if "contacts" in path else {"value": "ada@example.com"}
    sent = body if method == "POST" else None
    others = program_of(owner, [other for other in Scope if other != scope]).ask(method, path, sent)
    assert (others.status_code, others.json()["code"]) == (403, "scope_missing")
    assert not Contact.objects.exists()
    assert program_of(owner, [scope]).ask(method, path, sent).status_code in {200, 201}


def test_a_key_acts_with_the_smaller_of_two_roles(owner: Member) -> None:
    body = {"email": "ada@example.com"}
    viewers = program_of(owner, role=Role.VIEWER).ask("POST", "/contacts", body)
    assert (viewers.status_code, viewers.json()["code"]) == (403, "role_too_small")
    admin = make_member(owner.workspace, Role.ADMIN)
    program = program_of(admin)
    assert program.ask("POST", "/contacts", body).status_code == 201
    Membership.objects.filter(user=admin.user).update(role=Role.VIEWER)
    assert program.ask("POST", "/contacts", {"email": "bob@example.com"}).status_code == 403
    assert Contact.objects.count() == 1


def test_the_last_use_is_written_once_a_minute(owner: Member) -> None:
    row, text = make_key(owner)
    Program(text).ask("GET", "/tags")
    row.refresh_from_db()
    first = row.last_used_at
    assert first is not None
    Program(text).ask("GET", "/tags")
    row.refresh_from_db()
    assert row.last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(seconds=61))
    Program(text).ask("GET", "/tags")
    row.refresh_from_db()
    assert row.last_used_at is not None
    assert row.last_used_at >= first


def test_requests_over_the_limit_wait_for_the_next_minute(owner: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PER_MINUTE", 2)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    program, other = program_of(owner), program_of(owner)
    first, second, third = (program.ask("GET", "/tags") for _ in range(3))
    assert first["RateLimit"].startswith('"key";r=1;t=')
    assert second["RateLimit"].startswith('"key";r=0;t=')
    assert (third.status_code, third.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(third["Retry-After"]) <= 60
    assert other.ask("GET", "/tags").status_code == 200


def test_a_limit_is_of_a_key_and_of_a_minute() -> None:
    cache.clear()
    assert [spend(1, now_s=59.5).left, spend(1, now_s=59.9).left] == [599, 598]
    assert spend(2, now_s=59.9).left == 599
    assert spend(1, now_s=60) == limits.Rate(left=599, resets_in_s=60)


@pytest.mark.parametrize(
    ("content", "media", "status", "code"),
    [
        ("{", "application/json", 400, "bad_request"),
        ("[]", "application/json", 422, "invalid"),
        ('{"email": "a@example.com", "emial": ""}', "application/json", 422, "invalid"),
        ('{"email": "a\\u0000@example.com"}', "application/json", 422, "invalid"),
        ('{"email": "\\ud800@example.com"}', "application/json", 422, "invalid"),
        ('{"email": 7}', "application/json", 422, "invalid"),
        ("[" * 100_000, "application/json", 400, "bad_request"),
        ("email=a@example.com", "application/x-www-form-urlencoded", 415, "wrong_media_type"),
        ("{}", "text/plain", 415, "wrong_media_type"),
    ],
)
def test_a_body_that_cannot_be_taken_is_told_why(
    owner: Member, content: str, media: str, status: int, code: str
) -> None:
    answer = program_of(owner).client.post(f"{API}/contacts", content, content_type=media)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert not Contact.objects.exists()


def test_a_body_that_is_too_large_is_not_read(owner: Member) -> None:
    large = b" " * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    answer = program_of(owner).client.post(f"{API}/contacts", large, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_addresses_and_methods_that_are_not_there_are_told_as_problems(owner: Member) -> None:
    program = program_of(owner)
    for path in ("/nothing", "/contacts/", "/contacts/x", "/contacts/%0A%C2%9B%F2%AF%AA%86", "/"):
        answer = program.ask("GET", path)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json"), path
    wrong = program.ask("PUT", "/contacts")
    assert (wrong.status_code, wrong["Allow"], wrong.json()["code"]) == (405, "GET, POST", "wrong_method")


def test_what_fails_without_being_foreseen_is_a_problem_and_is_logged(
    owner: Member, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("campaigns.contacts.queries.tag_names_of", lambda _member: 1 / 0)
    answer = program_of(owner).ask("GET", "/tags")
    assert (answer.status_code, answer.json()["code"]) == (500, "error")
    assert "division" not in answer.text
    assert "ZeroDivisionError" in caplog.text


def test_a_key_never_stands_in_the_log(owner: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    _, text = make_key(owner)
    written = io.StringIO()
    handler = logging.getLogger().handlers[0]
    monkeypatch.setattr(handler, "stream", written)
    Program(text).ask("GET", f"/nothing/{text}")
    Program(text).ask("GET", "/contacts?limit=0")
    logging.getLogger("outreach").warning("a careless line", extra={"given": text, "api_key": "x"})
    assert "a careless line" in written.getvalue()
    assert text not in written.getvalue()


def test_an_operation_that_names_no_scope_keeps_the_program_from_starting() -> None:
    router = Router()

    @router.get("/open")
    def open_to_all(request: HttpRequest) -> None: ...

    api = NinjaAPI(urls_namespace="careless", openapi_url=None, docs_url=None)
    api.add_decorator(door, mode="view")
    api.add_router("", router)
    with pytest.raises(ImproperlyConfigured, match="open_to_all does not say which scope it needs"):
        _ = api.urls
