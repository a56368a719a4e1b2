"""An import into whose middle somebody else adds one of its people."""

from __future__ import annotations

import time

import pytest
from django.db import connections
from django.db.backends.utils import CursorWrapper

from campaigns.contacts import services
from campaigns.contacts.models import Contact, ImportTrace
from campaigns.contacts.services.merging import _Merger
from campaigns.contacts.states import ImportState, TraceKind
from tests.builders import make_contact, make_list, make_workspace
from tests.locks import somebody_waits_for_a_row
from tests.sending.outbox.plain import Beside

pytestmark = pytest.mark.django_db(transaction=True)
ADDED = """
INSERT INTO contacts_contact (workspace_id, email, email_key, domain, first_name, last_name, company, title, phone,
                              website, city, country, time_zone, fields, created_at, updated_at)
VALUES (%s, 'bob@x.com', 'bob@x.com', 'x.com', 'Old', '', '', '', '', '', '', '', '', '{}', now(), now())
"""

PLACED = "INSERT INTO contacts_list_member (contact_list_id, contact_id, added_at) VALUES (%s, %s, now())"


def test_who_is_added_beside_is_known_in_the_next_round(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = make_workspace()
    leads = make_list(workspace)
    row = services.store_upload(workspace, "a.csv", [b"email,first name\nada@x.com,Ada\nbob@x.com,Bob\ncy@x.com,Cy\n"])
    row.tags = ["fair"]
    services.confirm(row, row.mapping, leads, hint=False)
    change = _Merger.change
    rounds: list[int] = []
    other = connections.create_connection("default")

    def change_late(merger: _Merger, cursor: CursorWrapper) -> None:
        change(merger, cursor)
        if not rounds:
            with other.cursor() as beside:
                beside.execute(ADDED, [workspace.pk])
        rounds.append(1)

    monkeypatch.setattr(_Merger, "change", change_late)
    try:
        services.run_import(row.pk)
    finally:
        other.close()
    row.refresh_from_db()
    assert (row.state, row.rows_created, row.rows_updated, len(rounds)) == (ImportState.DONE, 2, 1, 2)
    people = Contact.objects.order_by("email")
    assert list(people.values_list("first_name", flat=True)) == ["Ada", "Bob", "Cy"]
    assert leads.members.count() == 3
    assert people.filter(tag_places__tag__name="fair").count() == 3
    services.undo_import(row, by=None, hint=False)
    assert list(people.values_list("email", "first_name")) == [("bob@x.com", "Old")]
    assert not leads.members.exists()


def test_who_is_put_on_the_list_beside_keeps_that_place_and_loses_nobody() -> None:
    workspace = make_workspace()
    leads = make_list(workspace)
    ada, bob = make_contact(workspace, "ada@x.com"), make_contact(workspace, "bob@x.com")
    row = services.store_upload(workspace, "a.csv", [b"email\nada@x.com\nbob@x.com\ncy@x.com\n"])
    row.tags = ["fair"]
    services.confirm(row, row.mapping, leads, hint=False)
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as beside:
            beside.execute(PLACED, [leads.pk, bob.pk])
        run = Beside(lambda: services.run_import(row.pk))
        deadline = time.monotonic() + 20
        while not somebody_waits_for_a_row():
            assert run.is_running, run.result()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        other.commit()
        run.result()
    finally:
        other.close()
    row.refresh_from_db()
    assert (row.state, row.rows_created, row.rows_unchanged) == (ImportState.DONE, 1, 2)
    assert leads.members.count() == 3
    [given] = ImportTrace.objects.filter(kind=TraceKind.LISTED).values_list("ids", flat=True)
    assert given == [leads.members.get(contact=ada).pk]
    services.undo_import(row, by=None, hint=False)
    assert list(leads.members.values_list("contact__email", flat=True)) == ["bob@x.com"]
