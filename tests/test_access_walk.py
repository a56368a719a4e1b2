"""Walk every address of the program as every kind of person: nobody sees or changes what is not theirs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse, HttpResponseBase
from django.test import Client
from django.urls import reverse

from campaigns.contacts.models import MailDomain
from outreach.accounts.access import access_of
from outreach.accounts.models import User
from outreach.accounts.roles import Role
from sending.guard.models import Adoption, Finding, Installation, Stranger
from sending.outbox.models import OutboundMessage
from tests.builders import make_member, make_user
from tests.turning import beside_turned, turn_names
from tests.worlds import (
    World,
    crossing_keys,
    every_url,
    make_world,
    models_of_rooms,
    rows_of,
    way_to_workspace,
)

Args = Callable[[World], tuple[object, ...]]

PUBLIC = {
    "accounts:start",
    "accounts:theme",
    "account_login",
    "account_logout",
    "account_signup",
    "account_inactive",
    "health",
}
# Of the HTTP API: what tells nothing of anybody. tests/test_api_walk.py walks its operations.
API_OPEN = {"api:openapi", "api:root", "api:missing"}
SIGNED_IN = {
    "accounts:workspaces",
    "accounts:workspace_create",
    "accounts:profile",
    "account_change_password",
    "oauth:return",
}


def _each(args: Args, *names: str) -> dict[str, Args]:
    return dict.fromkeys(names, args)


# What stands in an address behind the workspace, from a row of a world. A new address must be entered here.
SAMPLES: dict[str, Args] = {
    **_each(
        lambda _: (),
        "workspace:settings", "workspace:members", "workspace:keys",
        "contacts:list", "contacts:create", "contacts:export", "contacts:selected", "contacts:lists",
        "contacts:segments", "contacts:segment_new",
        "contacts:list_create", "contacts:import", "contacts:import_history", "contacts:suppressions",
        "contacts:fields",
        "contacts:suppression_add", "contacts:suppression_file", "contacts:suppression_export",
        "contacts:suppressions_lifted", "contacts:erasures", "contacts:retention",
        "sequences:create", "sequences:from_file", "planner:list", "planner:throttles", "sequences:closed_days",
        "planner:law",
        "sequences:language",
        "mailboxes:list", "mailboxes:create", "mailboxes:servers",
        "mailboxes:limit", "domains:list", "links:domain", "inbox:list", "inbox:mails", "inbox:set_aside",
        "inbox:unknowns", "inbox:rule_add",
        "reports:home",
        "guard:standstill", "guard:confirmation", "reports:log", "reports:messages", "reports:messages_file",
        "reports:doubts", "reports:doubts_chosen", "reports:feedback", "reports:feedback_file",
        "reports:provider_reports", "reports:provider_file", "reports:address_file",
        "library:templates", "library:template_new", "library:snippets", "library:snippet_new",
        "library:at_hand", "reports:templates",
    ),
    **_each(lambda w: (w.owner.pk,), "workspace:member_role", "workspace:member_removal"),
    **_each(lambda w: (w.api_key.pk,), "workspace:key_revocation"),
    **_each(
        lambda w: (w.contact.pk,), "contacts:detail", "contacts:edit", "contacts:delete", "contacts:note_add",
        "contacts:origin", "contacts:data", "contacts:data_file", "contacts:erasure",
    ),
    **_each(lambda w: (w.note.pk,), "contacts:note_edit", "contacts:note_removal"),
    **_each(
        lambda w: (w.contact_list.pk,),
        "contacts:list_interest", "contacts:list_detail", "contacts:list_rename", "contacts:list_delete",
        "contacts:list_check", "planner:list_health",
    ),
    **_each(lambda w: (w.bulk_act.pk,), "contacts:bulk"),
    **_each(lambda w: (w.segment.pk,), "contacts:segment_edit", "contacts:segment_delete"),
    **_each(lambda w: (w.address_check.pk,), "contacts:check_progress", "contacts:check_cancel"),
    **_each(
        lambda w: (w.contact_import.pk,),
        "contacts:import_progress", "contacts:import_map", "contacts:import_reading", "contacts:import_cancel",
        "contacts:import_result", "contacts:import_rejected", "contacts:import_changes", "contacts:import_look",
        "contacts:import_start", "contacts:import_undo",
    ),
    **_each(lambda w: (w.suppression.pk,), "contacts:suppression_lift"),
    **_each(lambda w: (w.custom_field.pk,), "contacts:field_edit", "contacts:field_delete"),
    **_each(
        lambda w: (w.campaign.pk,),
        "sequences:rename", "sequences:file", "sequences:sequence", "sequences:step_add", "sequences:audience",
        "sequences:schedule",
        "planner:paths", "planner:senders", "planner:preview", "planner:review", "planner:launch", "planner:pause",
        "planner:decision",
        "planner:resume", "planner:ground", "planner:shares", "planner:stop", "planner:archival", "reports:effect",
        "sequences:roles", "sequences:growth", "planner:campaign_health",
        "planner:forecast", "planner:forecast_summary", "planner:next_sends",
        "planner:gaps", "planner:gaps_gate", "planner:fallback",
        "rehearsal:list", "rehearsal:newest", "tracking:choices",
        "planner:people", "reports:results", "reports:campaign_file", "reports:wordings",
        "reports:day",
    ),
    **_each(lambda w: (w.campaign.pk, w.variant.step_id), "reports:wordings_file"),
    **_each(
        lambda w: (w.variant.step_id,),
        "sequences:step_save", "sequences:step_keep", "sequences:step_place", "sequences:step_copy",
        "sequences:step_removal", "sequences:variant_add", "planner:branch_add",
    ),
    **_each(
        lambda w: (w.variant.pk,), "sequences:variant_save", "sequences:variant_copy", "sequences:variant_removal",
        "sequences:variant_keep", "sequences:variant_versions", "sequences:variant_restore",
        "planner:preview_html", "planner:preview_mail", "proofs:exact", "proofs:spam",
    ),
    **_each(lambda w: (w.path.pk,), "planner:path_name", "planner:path_removal"),
    **_each(lambda w: (w.branch.pk,), "planner:branch_place", "planner:branch_removal", "planner:branch_change"),
    **_each(lambda w: (w.removed.pk,), "sequences:removed_back"),
    **_each(
        lambda w: (w.enrollment.pk,),
        "planner:release", "planner:onward", "planner:removal", "planner:why", "planner:prospect",
    ),
    **_each(
        lambda w: (w.mailbox.pk,), "inbox:reading", "inbox:reading_now", "inbox:back_fill",
        "mailboxes:detail", "mailboxes:edit", "mailboxes:test", "mailboxes:pause", "mailboxes:resume",
        "planner:warmth",
        "mailboxes:removal", "mailboxes:edit_servers", "mailboxes:test_mail", "reports:mailbox_day",
        "reports:mailbox_feedback", "planner:book",
        "mailboxes:tests", "mailboxes:sign_in", "mailboxes:sign_in_account",
    ),
    **_each(lambda w: (w.domain_key.pk,), "domains:check", "domains:removal"),
    **_each(
        lambda w: (w.watched_domain.pk,), "domains:watched", "dmarc:reports", "dmarc:file", "domains:watched_check"
    ),
    **_each(lambda w: (w.tracking_domain.pk,), "links:domain_check", "links:domain_removal"),
    **_each(
        lambda w: (w.inbound.pk,),
        "inbox:detail", "inbox:layout", "inbox:label", "inbox:suggestion", "inbox:company",
    ),
    **_each(lambda w: (w.inbound.pk, 0), "inbox:attached"),
    **_each(lambda w: (w.word_rule.pk,), "inbox:rule_end"),
    **_each(lambda w: (w.aside.pk,), "inbox:set_aside_again"),
    **_each(
        lambda w: (w.thread.pk,),
        "inbox:thread", "inbox:thread_read", "inbox:thread_done", "inbox:thread_open", "inbox:thread_assignee",
        "inbox:thread_snooze", "inbox:thread_label", "inbox:thread_note", "inbox:thread_answer",
        "inbox:thread_draft", "inbox:thread_call_back", "inbox:thread_company",
        "inbox:thread_phrases", "inbox:thread_phrase",
    ),
    **_each(
        lambda w: (w.rehearsed.rehearsal_id,),
        "rehearsal:detail", "rehearsal:cancel", "rehearsal:messages", "rehearsal:people",
    ),
    **_each(lambda w: (w.rehearsed.pk,), "rehearsal:message", "rehearsal:source"),
    **_each(lambda w: (w.arrival.pk,), "rehearsal:arrival"),
    **_each(lambda w: (w.template.pk,), "reports:template", "library:template", "library:template_removal"),
    **_each(lambda w: (w.variant.pk,), "library:choice", "library:keep"),
    **_each(lambda w: (w.variant.pk, w.template.pk), "library:put"),
    **_each(lambda w: (w.snippet.pk,), "library:snippet", "library:snippet_removal"),
    **_each(lambda w: (w.message.pk,), "reports:message"),
}  # fmt: skip

# Forms that carry ids or names of rows: sent to one's own workspace with those of another.
BODIES: dict[str, Callable[[World], dict[str, object]]] = {
    "sequences:audience": lambda w: {"lists": [w.contact_list.pk], "segments": [w.segment.pk]},
    "planner:senders": lambda w: {"mailboxes": [w.mailbox.pk]},
    "planner:branch_add": lambda w: {"kind": "everybody", "path": w.path.pk, "do": "save"},
    "planner:branch_change": lambda w: {"kind": "everybody", "path": w.path.pk, "do": "save"},
    "contacts:selected": lambda w: {"contact": [w.contact.pk], "action": "delete_confirmed"},
    "contacts:suppression_lift": lambda w: {"suppression": w.suppression.pk},
    "reports:doubts_chosen": lambda w: {"message": [w.message.pk], "action": "again"},
    "workspace:member_role": lambda w: {"role": "viewer", "membership": w.owner.pk},
}

# What other people's programs would show of a mail, in a frame that runs nothing and asks nobody for anything.
MAILS = {"planner:preview_html": {"style-src 'unsafe-inline'", "img-src data:"}, "inbox:layout": set[str]()}

ROOMS = sorted({name.partition(":")[0] for name in SAMPLES})

pytestmark = pytest.mark.django_db
each_room = pytest.mark.parametrize("room", ROOMS)


@pytest.fixture
def mine() -> World:
    return make_world("heliotrope")


@pytest.fixture
def theirs() -> World:
    return make_world("quicksilver")


def test_every_address_is_in_the_walk_and_nothing_else_is() -> None:
    pages = {name for name in every_url() if not name.startswith("api:")}
    assert pages == set(SAMPLES) | PUBLIC | SIGNED_IN


def test_every_view_says_who_may_open_it() -> None:
    says = {name: access_of(pattern.callback) for name, pattern in every_url().items()}
    assert {name for name, access in says.items() if access == "public"} == PUBLIC | API_OPEN
    assert {name for name, access in says.items() if access == "signed_in"} == SIGNED_IN
    assert {name for name, access in says.items() if access in set(Role)} == set(SAMPLES)
    assert {name for name, access in says.items() if access == "api_key"} == set(says) - set(SAMPLES) - PUBLIC - (
        SIGNED_IN | API_OPEN
    )


def test_a_view_that_says_nothing_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(every_url()["health"], "callback", lambda _request: HttpResponse("open"))
    with pytest.raises(ImproperlyConfigured, match="does not say who may open it"):
        client.get("/healthz")


def test_every_row_belongs_to_a_workspace() -> None:
    of_nobody = {model for model in models_of_rooms() if way_to_workspace(model) is None}
    # A stranger may belong to a workspace that the database does not know.
    assert of_nobody == {User, Installation, Finding, Adoption, Stranger, MailDomain}, (
        "a person, the whole server, and what the DNS tells everybody"
    )


def test_the_keys_of_a_world_stay_inside_it(mine: World, theirs: World) -> None:
    assert crossing_keys() == []
    OutboundMessage.objects.filter(pk=mine.message.pk).update(mailbox=theirs.mailbox)
    assert crossing_keys() == ["outbox.OutboundMessage.mailbox"]


def test_personal_pages_ask_to_sign_in(client: Client) -> None:
    for url in map(reverse, sorted(SIGNED_IN)):
        assert_asked_to_sign_in(client.get(url), url)
        assert_asked_to_sign_in(client.post(url), url)
    client.force_login(make_user())
    for name in sorted(SIGNED_IN):
        assert client.get(reverse(name)).status_code == (302 if name == "oauth:return" else 200), name


@each_room
def test_visitors_are_asked_to_sign_in(client: Client, mine: World, room: str) -> None:
    before = rows_of(mine.workspace)
    for name in names_of(room):
        url = address(name, mine)
        for response in (client.get(url), client.post(url), client.put(url), client.delete(url)):
            assert_asked_to_sign_in(response, name)
            assert_silent(response, mine, name)
        fragment = client.get(url, headers={"HX-Request": "true"})
        assert fragment.status_code == 405 or fragment["HX-Redirect"].startswith("/accounts/login/"), name
    assert rows_of(mine.workspace) == before


@each_room
def test_strangers_find_nothing(client: Client, mine: World, theirs: World, room: str) -> None:
    before = rows_of(mine.workspace)
    for stranger in (make_user("nobody@example.com"), theirs.owner.user):
        client.force_login(stranger)
        for name in names_of(room):
            url = address(name, mine)
            for response in (client.get(url), client.post(url)):
                assert response.status_code in {404, 405}, name
                assert_silent(response, mine, name)
    assert rows_of(mine.workspace) == before


@each_room
def test_rows_of_another_workspace_are_not_found_in_ones_own(
    client: Client, mine: World, theirs: World, room: str
) -> None:
    before = rows_of(mine.workspace), rows_of(theirs.workspace)
    client.force_login(theirs.owner.user)
    for name in names_of(room):
        if not SAMPLES[name](mine):
            continue
        url = reverse(name, args=[theirs.workspace.slug, *SAMPLES[name](mine)])
        for response in (client.get(url), client.post(url, {"role": "viewer", "name": "changed"})):
            assert response.status_code in {404, 405}, name
            assert_silent(response, mine, name)
    assert (rows_of(mine.workspace), rows_of(theirs.workspace)) == before


@pytest.mark.parametrize("name", sorted(BODIES))
def test_rows_of_another_workspace_named_in_a_form_stay_out_of_reach(
    client: Client, mine: World, theirs: World, name: str
) -> None:
    before = rows_of(mine.workspace)
    client.force_login(theirs.owner.user)
    response = client.post(address(name, theirs), BODIES[name](mine), follow=True)
    assert_silent(response, mine, name)
    assert rows_of(mine.workspace) == before
    assert crossing_keys() == []


@each_room
def test_viewers_read_and_change_nothing(client: Client, mine: World, room: str) -> None:
    client.force_login(make_member(mine.workspace, Role.VIEWER).user)
    before = rows_of(mine.workspace)
    for name in names_of(room):
        url = address(name, mine)
        response = client.get(url)
        expected = {200, 302, 405} if access_of(every_url()[name].callback) == Role.VIEWER else {403, 405}
        assert response.status_code in expected, name
        if response.status_code == 403:
            assert "You are a viewer of heliotrope Ltd" in response.text, name
        assert client.post(url, {"name": "changed", "role": "owner"}).status_code in {403, 405}, name
    assert rows_of(mine.workspace) == before


@each_room
def test_reading_changes_nothing_and_shows_only_ones_own(client: Client, mine: World, theirs: World, room: str) -> None:
    turn_names(mine)
    client.force_login(mine.owner.user)
    before = rows_of(mine.workspace)
    for name in names_of(room):
        response = client.get(address(name, mine))
        assert response.status_code in {200, 302, 405}, name
        assert_silent(response, theirs, name)
        assert beside_turned(response) == [], name
        assert_armoured(response, name)
        assert response.status_code != 200 or "no-store" in response["Cache-Control"], name
    assert rows_of(mine.workspace) == before


def test_pages_outside_of_a_workspace_are_armoured(client: Client, mine: World) -> None:
    for name in sorted(PUBLIC):
        assert_armoured(client.get(reverse(name)), name)
    client.force_login(mine.owner.user)
    for name in sorted(SIGNED_IN):
        assert_armoured(client.get(reverse(name)), name)


def test_refusals_are_armoured_and_give_nothing_away(client: Client, mine: World) -> None:
    client.force_login(make_user("nobody@example.com"))
    foreign, absent = client.get(address("reports:home", mine)), client.get("/w/there-is-none/")
    assert foreign.status_code == absent.status_code == 404
    assert without_tokens(foreign.text) == without_tokens(absent.text)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(mine.owner.user)
    refused = strict.post(address("workspace:settings", mine), {"name": "changed"})
    assert refused.status_code == 403
    assert "could not be checked" in refused.text
    for response in (foreign, absent, refused):
        assert_armoured(response, "refusal")


@pytest.mark.parametrize("room", [*ROOMS, ""])
def test_every_post_needs_the_token(mine: World, room: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(mine.owner.user)
    before = rows_of(mine.workspace)
    for name in names_of(room) if room else sorted(PUBLIC | SIGNED_IN):
        assert client.post(address(name, mine), {"name": "changed"}).status_code == 403, name
    assert rows_of(mine.workspace) == before


def names_of(room: str) -> list[str]:
    return sorted(name for name in SAMPLES if name.startswith(f"{room}:"))


def address(name: str, world: World) -> str:
    return reverse(name, args=[world.workspace.slug, *SAMPLES[name](world)] if name in SAMPLES else [])


def assert_asked_to_sign_in(response: HttpResponseBase, name: str) -> None:
    assert response.status_code in {302, 405}, name
    assert response.status_code == 405 or response["Location"].startswith("/accounts/login/?next=/"), name


def assert_silent(response: HttpResponseBase, world: World, name: str) -> None:
    """Nothing of the world stands in the answer, apart from what the asker put into the address."""
    body = b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined]
    words = body.decode().replace(f"/w/{world.workspace.slug}/", "")
    assert world.marker not in words, name


def assert_armoured(response: HttpResponseBase, name: str) -> None:
    """Strict headers, no script or style of its own, cookies out of reach of scripts and other sites."""
    policy = response["Content-Security-Policy"]
    if name in MAILS:
        kept = {one.strip() for one in policy.split(";")}
        strict = {"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'", "sandbox"}
        assert kept == strict | MAILS[name], name
        return
    for directive in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert directive in policy, name
    assert "unsafe" not in policy, name
    for header, value in _HEADERS.items():
        assert response[header] == value, name
    for cookie in response.cookies.values():
        assert (cookie["samesite"], cookie["httponly"]) == ("Lax", True), name
    if response.get("Content-Type", "").startswith("text/html") and not response.streaming:
        page = response.content.decode()  # type: ignore[attr-defined]
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", page, re.IGNORECASE), (
            name
        )


def without_tokens(page: str) -> str:
    return re.sub(r'(value|content|nonce)="[\w/+=-]{16,}"', "", page)


_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
