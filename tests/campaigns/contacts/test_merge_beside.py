"""An import into whose middle somebody else adds one of its people."""

from __future__ import annotations

import pytest
from django.db import connections
from django.db.backends.utils import CursorWrapper

from campaigns.contacts import services
from campaigns.contacts.models import Contact
from campaigns.contacts.services.merging import _Merger
from campaigns.contacts.states import ImportState
from tests.builders import make_list, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)
ADDED = """
INSERT INTO contacts_contact (workspace_id, email, email_key, domain, first_name, last_name, company, title, phone,
                              website, city, country, time_zone, fields, created_at, updated_at)
VALUES (%s, 'bob@x.com', 'bob@x.com', 'x.com', 'Old', '', '', '', '', '', '', '', '', '{}', now(), now())
"""


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
