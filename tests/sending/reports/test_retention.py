"""What a workspace forgets by itself: nothing unless it says so, once a day, and told on a page."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection
from django.test import Client

from campaigns.contacts import services
from campaigns.contacts.models import (
    Contact,
    ContactImport,
    ImportChange,
    ImportChunk,
    ImportTrace,
    RejectedRow,
    RetentionRun,
)
from campaigns.contacts.services import retention
from campaigns.contacts.states import ErasureState, ImportState, TraceKind
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.outbox.models import Attempt, OutboundMessage
from sending.planner.states import EnrollmentState
from tests.builders import (
    make_campaign,
    make_contact,
    make_enrollment,
    make_import,
    make_inbound,
    make_list,
    make_mailbox,
    make_member,
    make_message,
    make_step,
    make_workspace,
)

pytestmark = pytest.mark.django_db
NEVER = {"idle_months": None, "files_days": None, "transcripts_days": None}


def aged(contact: Contact, *, days: int) -> Contact:
    at = clock.now() - timedelta(days=days)
    Contact.objects.filter(pk=contact.pk).update(created_at=at, updated_at=at)
    return contact


def make_history(member: Member) -> OutboundMessage:
    """Make a message of long ago, with its dialogue, and an import of long ago with a rejected row and its file."""
    workspace, long_ago = member.workspace, clock.now() - timedelta(days=100)
    row = make_enrollment(
        make_campaign(workspace), make_contact(workspace, "sent@x.com"), state=EnrollmentState.FINISHED, due_at=None
    )
    message = make_message(row, make_step(row.campaign), make_mailbox(workspace))
    OutboundMessage.objects.filter(pk=message.pk).update(created_at=long_ago)
    dialogue = {"outcome": "accepted", "transcript": [{"side": "note", "text": "x"}], "reply_text": "250 OK"}
    Attempt.objects.create(
        id=uuid.uuid4(), message=message, number=1, started_at=long_ago, ended_at=long_ago, **dialogue
    )
    for state in (ImportState.DONE, ImportState.FAILED, ImportState.RUNNING):
        file = make_import(workspace, f"{state}.csv", state=state)
        RejectedRow.objects.create(contact_import=file, line=2, cause="x", original="x")
        ImportChunk.objects.create(contact_import=file, number=0, content=b"x")
    ContactImport.objects.update(created_at=long_ago)
    return message


def test_nothing_is_forgotten_unless_the_workspace_says_so() -> None:
    member = make_member(make_workspace())
    make_history(member)
    aged(make_contact(member.workspace), days=5_000)
    services.keep_retention()
    services.set_retention(member.workspace, NEVER)
    services.keep_retention()
    assert not RetentionRun.objects.exists()
    assert Contact.objects.filter(erased_at=None).count() == 2
    assert RejectedRow.objects.count() == ImportChunk.objects.count() == 3


def test_contacts_with_whom_nothing_happened_are_erased_and_nobody_else() -> None:
    member = make_member(make_workspace())
    workspace = member.workspace
    idle = aged(make_contact(workspace, "idle@x.com"), days=100)
    names = ("fresh", "noted", "answered", "to-come", "written-to")
    fresh, noted, answered, to_come, written_to = (make_contact(workspace, f"{name}@x.com") for name in names)
    for contact in (noted, answered, to_come, written_to):
        aged(contact, days=100)
    services.add_note(member, noted, "Call in spring")
    make_inbound(make_mailbox(workspace), contact=answered, received_at=clock.now())
    campaign = make_campaign(workspace)
    make_enrollment(campaign, to_come)
    make_enrollment(campaign, written_to, state=EnrollmentState.FINISHED, due_at=None, last_sent_at=clock.now())
    old = timedelta(days=100)
    campaign.enrollments.update(created_at=clock.now() - old)
    services.set_retention(workspace, NEVER | {"idle_months": 3})
    services.keep_retention()
    services.sweep_erasures()
    assert set(Contact.objects.filter(erased_at=None)) == {fresh, noted, answered, to_come, written_to}
    erasure = workspace.erasure_set.get()
    assert (erasure.contact_id, erasure.wanted_by, erasure.state) == (idle.pk, "Retention", ErasureState.DONE)
    run = RetentionRun.objects.get()
    assert (run.contacts, run.finished_at is None) == (1, False)


def test_who_was_tagged_listed_or_in_a_file_since_is_kept() -> None:
    workspace = make_workspace()
    listed, tagged, known, changed = (
        aged(make_contact(workspace, f"{name}@x.com"), days=100) for name in ("listed", "tagged", "known", "changed")
    )
    services.add_to_list(make_list(workspace, "Tomorrow"), [listed.pk])
    services.add_tags(workspace, [tagged.pk], ["fair"])
    file = make_import(workspace, state=ImportState.DONE)
    ContactImport.objects.update(merged_at=clock.now())
    ids = {"first_id": known.pk, "last_id": known.pk, "ids": [known.pk]}
    ImportTrace.objects.create(contact_import=file, kind=TraceKind.KNOWN, **ids)
    ImportChange.objects.create(contact_import=file, contact=changed, updated_before=file.created_at, changes={})
    aged(listed, days=100)
    aged(tagged, days=100)
    services.set_retention(workspace, NEVER | {"idle_months": 3})
    services.keep_retention()
    assert set(Contact.objects.all()) == {listed, tagged, known, changed}
    assert not workspace.erasure_set.exists()


@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_do_not_keep_the_same_rules() -> None:
    workspace = make_workspace()
    aged(make_contact(workspace), days=100)
    services.set_retention(workspace, NEVER | {"idle_months": 3})
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [retention._SPACE, workspace.pk])
        services.keep_retention()
        assert not RetentionRun.objects.exists()
        other.execute("SELECT pg_advisory_unlock(%s, %s)", [retention._SPACE, workspace.pk])
    services.keep_retention()
    assert RetentionRun.objects.get().contacts == 1


def test_rows_of_an_undone_import_go_like_others() -> None:
    workspace = make_workspace()
    file = make_import(workspace, state=ImportState.DONE)
    RejectedRow.objects.create(contact_import=file, line=2, cause="x", original="bob@x.com,")
    at = clock.now()
    ContactImport.objects.update(
        state=ImportState.UNDONE, created_at=at - timedelta(days=100), undo_asked_at=at, undone_at=at
    )
    services.set_retention(workspace, NEVER | {"files_days": 7})
    services.keep_retention()
    assert not RejectedRow.objects.exists()


def test_dialogues_rows_and_files_go_after_their_days_once_a_day() -> None:
    member = make_member(make_workspace())
    message = make_history(member)
    services.set_retention(member.workspace, NEVER | {"files_days": 30, "transcripts_days": 30})
    services.keep_retention()
    attempt = Attempt.objects.get(message=message)
    assert (attempt.transcript, attempt.reply_text) == ([], "250 OK")
    left = ContactImport.objects.get(state=ImportState.RUNNING)
    assert RejectedRow.objects.get().contact_import == ImportChunk.objects.get().contact_import == left
    run = RetentionRun.objects.get()
    assert (run.contacts, run.rows, run.files, run.transcripts) == (0, 2, 2, 1)
    services.keep_retention()
    assert RetentionRun.objects.count() == 1, "a day is not over"
    RetentionRun.objects.update(begun_at=datetime(2026, 1, 1, tzinfo=UTC))
    services.keep_retention()
    assert list(RetentionRun.objects.order_by("-begun_at").values_list("transcripts", flat=True)) == [0, 1]


def test_an_admin_sets_it_on_a_page_that_says_what_was_forgotten() -> None:
    workspace = make_workspace()
    admin, member = make_member(workspace, Role.ADMIN), make_member(workspace, Role.MEMBER)
    client, url = Client(), admin.url("contacts:retention")
    client.force_login(member.user)
    assert "Nothing so far" in client.get(url).text
    assert client.post(url, {"files_days": "30"}).status_code == 403
    client.force_login(admin.user)
    refused = client.post(url, {"transcripts_days": "3"})
    assert refused.status_code == 422
    assert client.post(url, {"files_days": "30", "idle_months": "", "transcripts_days": "90"}).status_code == 302
    assert (workspace.retention.files_days, workspace.retention.idle_months) == (30, None)
    make_history(member)
    services.keep_retention()
    page = client.get(url).text
    assert 'value="30"' in page
    assert 'data-label="Rejected rows">2<' in page
