"""Whose text is it: an address counts whole, and a copy for one person holds nobody else's data."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.cache import cache

from campaigns.contacts import queries, services
from campaigns.contacts.core.difference import Change, Difference, Rejections
from campaigns.contacts.core.naming import about, named_in, names_any, read
from campaigns.contacts.core.rows import Note, note_words, without_example
from campaigns.contacts.core.seen import Seen
from campaigns.contacts.models import Contact, ContactImport, DryRun, RejectedRow
from campaigns.contacts.parts import ERASED
from campaigns.contacts.services import running
from campaigns.contacts.states import ImportState
from outreach.accounts.access import Member
from outreach.accounts.models import KeptAnswer
from outreach.kit import clock
from tests.builders import make_contact, make_import, make_member, make_workspace

ANNA = "anna@x.com"
names = names_any([ANNA])


@pytest.mark.parametrize(
    "text",
    [
        ANNA,
        "Anna@X.com,Anna,1",
        '"anna@x.com";1',
        "1|anna@x.com|2",
        "'anna@x.com'",
        "<mailto:anna@x.com>",
        "Write to anna@x.com.",
        "?email=anna@x.com&a=1",
        "**anna@x.com**",
        "joanna@x.com, anna@x.com",
        "1\tanna@x.com\t2",
    ],
)
def test_a_whole_address_is_found(text: str) -> None:
    assert names(text)


@pytest.mark.parametrize(
    "text",
    [
        "joanna@x.com",
        "jo.anna@x.com",
        "jo+anna@x.com",
        "jo_anna@x.com",
        "jo--anna@x.com",
        "o'anna@x.com",
        "anna@x.com.au",
        "anna@x.community",
        "anna@x.com-tea.de",
        "éanna@x.com",
        "",
    ],
)
def test_a_part_of_somebody_elses_address_is_not(text: str) -> None:
    assert not names(text)


def test_an_answer_is_taken_apart() -> None:
    mine, other = {"email": ANNA, "id": 1}, {"email": "joanna@x.com", "id": 2}
    body = json.dumps({"created": 2, "results": [other, mine], "words": ["a\nanna@x.com"]}).encode()
    assert named_in(read(body), names), "a line break that JSON writes as \\n is no letter of the address"
    assert about(read(body), names) == {"results": [mine], "words": ["a\nanna@x.com"]}
    assert about({"contact": mine, "other": other}, names) == {"contact": mine}
    assert about(read(b"joanna@x.com\nanna@x.com,1\n"), names) == ["anna@x.com,1"]
    assert not named_in({"results": [other, 3, None]}, names)


@pytest.mark.parametrize("rows", [1, 1_200])
def test_a_note_is_told_without_its_example(rows: int) -> None:
    note = Note("fields.size (m), “wide”", "is not known", rows, 17, "a, “b”) in 1 row (line 3, “c”")
    blank = note_words(Note(note.field, note.cause, rows, 17, "")).replace(", “”)", ")")
    assert without_example(note_words(note)) == blank == without_example(blank)


@pytest.fixture
def member() -> Member:
    cache.clear()
    return make_member(make_workspace())


def kept_of_both(member: Member) -> None:
    """Let rejected rows, a dry run and an answer show joanna@x.com, then another set of them both."""
    for both in (False, True):
        who = ["joanna@x.com", *([ANNA] if both else [])]
        notes = [f"Country is not known in 2 rows (first: line 2, “{one} born 1980”); left empty there." for one in who]
        file = make_import(member.workspace, state=ImportState.FAILED, notes=notes)
        for line, email in enumerate(who, 2):
            RejectedRow.objects.create(contact_import=file, line=line, cause="Too long", original=f"{email},of {email}")
        found = Difference(
            created_samples=[[one, "Name"] for one in who],
            changes={"title": Change(2, [[one, "CTO", "CEO"] for one in who])},
            rejections={"Too long": Rejections(2, [[2, "Too long", f"{one},x"] for one in who])},
            notes=[f"Country is not known in 1 row (line 2, “{one}”); left empty there." for one in who],
        )
        DryRun.objects.create(
            contact_import=file, state="done", difference=found.as_json(), queued_at=clock.now(),
            finished_at=clock.now(),
        )  # fmt: skip
        KeptAnswer.objects.create(
            workspace=member.workspace, key=str(both), fingerprint="f", created_at=clock.now(), status=200,
            content_type="application/json", body=json.dumps({"results": [{"email": one} for one in who]}).encode(),
        )  # fmt: skip


@pytest.mark.django_db
def test_a_copy_and_an_erasure_are_of_one_person_alone(member: Member) -> None:
    anna = make_contact(member.workspace, ANNA)
    kept_of_both(member)
    data = queries.data_of(member, anna)
    assert "joanna" not in data.as_json()
    rows = {one.name: one.rows for one in data.sections}
    assert [row["original"] for row in rows["Rows of files that were not imported"]] == [f"{ANNA},of {ANNA}"]
    told = "Country is not known in 2 rows (first: line 2"
    (noted,) = rows["Values of files that were left empty"]
    assert noted["notes"] == [f"{told}, “{ANNA} born 1980”); left empty there."]
    (trial,) = rows["Trials of imports"]
    assert trial["difference"] == {
        "created": [[ANNA, "Name"]],
        "changes": {"title": [[ANNA, "CTO", "CEO"]]},
        "rejections": [[2, "Too long", f"{ANNA},x"]],
        "notes": [f"Country is not known in 1 row (line 2, “{ANNA}”); left empty there."],
    }
    assert [json.loads(row["body"]) for row in rows["Answers to programs"]] == [{"results": [{"email": ANNA}]}]
    services.erase(member, anna, typed=ANNA, why="Asked")
    services.sweep_erasures()
    joanna = f"{told}, “joanna@x.com born 1980”); left empty there."
    notes = list(ContactImport.objects.order_by("pk").values_list("notes", flat=True))
    assert notes == [[joanna], [joanna, f"{told}); left empty there."]]
    row = "joanna@x.com,of joanna@x.com"
    assert sorted(RejectedRow.objects.values_list("cause", "original")) == [
        (ERASED, ""), ("Too long", row), ("Too long", row),
    ]  # fmt: skip
    assert (DryRun.objects.count(), KeptAnswer.objects.count()) == (1, 1), "those that show joanna alone"


@pytest.mark.django_db
def test_an_erasure_takes_nobody_out_of_an_import_that_runs(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = make_contact(member.workspace, ANNA)
    merge = running._merge

    def erasing_first(*given: Any) -> None:
        services.erase(member, anna, typed=ANNA, why="Asked")
        services.sweep_erasures()
        assert sorted(RejectedRow.objects.values_list("cause", "original")) == [("", ""), ("", "joanna@x.com,Jo,")]
        merge(*given)

    monkeypatch.setattr(running, "_merge", erasing_first)
    monkeypatch.setattr(Seen, "add", lambda _self, key: key != "bob@x.com")  # takes the others for seen before
    text = b"email,first name,title\njoanna@x.com,Jo,\nada@x.com,Ada,Aide of anna@x.com\nbob@x.com,Bob,\n"
    file = services.store_upload(member.workspace, "leads.csv", [text])
    services.confirm(file, file.mapping, None, hint=False)
    services.run_import(file.pk)
    file.refresh_from_db()
    assert (file.state, file.rows_created, file.rows_rejected) == (ImportState.DONE, 3, 0)
    assert Contact.objects.filter(email_key__in=["joanna@x.com", "ada@x.com", "bob@x.com"]).count() == 3
