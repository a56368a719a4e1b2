from __future__ import annotations

import pytest

from campaigns.contacts import services
from campaigns.contacts.errors import BadFile
from campaigns.contacts.models import Contact, ContactImport, ImportChunk
from campaigns.contacts.states import ImportState
from tests.builders import make_workspace
from tests.campaigns.contacts.nasty import ARCHIVES, CASES, TEXTS, WORKBOOKS, Case

pytestmark = pytest.mark.django_db


def outcome(case: Case) -> ContactImport | str:
    """Import the file as the page does; return the ended import, or the words that refused it."""
    content = case.content if isinstance(case.content, bytes) else case.content()
    pieces = [content[at : at + 65_536] for at in range(0, len(content), 65_536)]
    try:
        row = services.store_upload(make_workspace(), "leads.csv", pieces)
    except BadFile as error:
        return str(error)
    services.confirm(row, row.mapping, None, hint=False)
    services.run_import(row.pk)
    row.refresh_from_db()
    return row if row.state == ImportState.DONE else row.problem


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_file_ends_in_the_right_contacts_or_in_a_named_error(case: Case) -> None:
    ended = outcome(case)
    if case.refused:
        assert isinstance(ended, str)
        assert case.refused in ended
        assert not Contact.objects.exists()
        assert not ImportChunk.objects.exists()
        return
    assert isinstance(ended, ContactImport), ended
    people = Contact.objects.values_list("email", "first_name", "fields")
    assert {email: (first, fields.get("note", "")) for email, first, fields in people} == case.contacts
    causes = dict(ended.rejected.values_list("line", "cause"))
    assert causes.keys() == case.rejected.keys()
    for line, words in case.rejected.items():
        assert words in causes[line]
    assert ended.rows_read == ended.rows_created + ended.rows_rejected


def test_the_corpus_has_more_than_forty_files_of_each_way_in() -> None:
    assert len({case.name for case in CASES}) == len(CASES) > 100
    assert min(len(TEXTS), len(WORKBOOKS), len(ARCHIVES)) >= 20
