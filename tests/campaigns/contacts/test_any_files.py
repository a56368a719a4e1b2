"""Two files of any rows, brought in by any policies, changed by people meanwhile, and undone in either order.

Their addresses come in every writing (case, IDN, blanks, invisible marks), known and new, suppressed or not, with own
fields of a kind, tags and lists.
"""

from __future__ import annotations

import csv
import io
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from campaigns.contacts import services
from campaigns.contacts.models import Contact, ContactImport, ContactList, ContactTag, ListMember
from campaigns.contacts.states import ImportPolicy, ImportState, SuppressionReason
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.kit.addresses import key_of
from tests.builders import make_list, make_member, make_workspace

pytestmark = pytest.mark.django_db

# One person a line, in the writings that files have of them.
PEOPLE = (
    ("ada@x.com", "Ada@X.COM", " ada@x.com ", "\u200bada@x.com", "ADA@x.com\u00a0"),
    ("bob@x.com", "BOB@x.com"),
    ("jo@bücher.example", "Jo@BÜCHER.example", "jo@xn--bcher-kva.example"),
    ("cy@d.example", "cy@d.example\t"),
    ("é@x.com", "É@x.com"),
)
KEYS = [key_of(writings[0]) for writings in PEOPLE]
HEADER = ["email", "first name", "company", "country", "legal form", "size", "note"]
NOBODY = ["nope", "", "a@b@c.d", "two@x.com three@x.com"]
WORDS = st.sampled_from(["", "Ada", "Ltd", "=1+1", "x" * 130, "a\nb"])
ROW = st.tuples(
    st.sampled_from([*(one for writings in PEOPLE for one in writings), *NOBODY]),
    WORDS, WORDS, st.sampled_from(["", "DE", "Atlantis"]), st.sampled_from(["", "Ltd", "sole trader", "?"]),
    st.sampled_from(["", "1,5", "1.5", "many"]), st.sampled_from(["", "n", "other"]),
)  # fmt: skip


class File(NamedTuple):
    rows: list[tuple[str, ...]]
    policy: ImportPolicy
    tags: frozenset[str]
    is_on_list: bool


FILE = st.builds(
    File, st.lists(ROW, max_size=10), st.sampled_from(ImportPolicy), st.frozensets(st.sampled_from(["t", "u"])),
    st.booleans(),
)  # fmt: skip
VALUES = st.fixed_dictionaries(
    {
        "first_name": st.sampled_from(["", "Old"]), "company": st.sampled_from(["", "Ltd"]),
        "subscriber_kind": st.sampled_from(["", "companies", "individuals"]),
        "fields": st.dictionaries(st.sampled_from(["size", "note", "shoe"]), st.sampled_from(["1.5", "n"]), max_size=2),
    }
)  # fmt: skip
ACTS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["name", "note", "tag", "list"]), max_size=3)


def bring_in(workspace: Workspace, file: File, leads: ContactList) -> ContactImport:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([HEADER, ["zoe@x.com", "Zoe", "", "", "", "2", ""], *file.rows])
    row = services.store_upload(workspace, "any.csv", [text.getvalue().encode()])
    row.policy, row.tags = file.policy, sorted(file.tags)
    services.confirm(row, row.mapping, leads if file.is_on_list else None, hint=False)
    services.run_import(row.pk)
    row.refresh_from_db()
    assert row.state == ImportState.DONE, row.problem
    return row


def state(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """Return all of each contact, byte for byte, by its key."""
    places = list(ListMember.objects.values_list("contact_id", "pk"))
    tags = list(ContactTag.objects.values_list("contact_id", "pk"))
    return {
        one["email_key"]: {
            **one,
            "places": {pk for owner, pk in places if owner == one["id"]},
            "marks": {pk for owner, pk in tags if owner == one["id"]},
        }
        for one in Contact.objects.filter(workspace=workspace).values()
    }


def plain(one: dict[str, Any]) -> dict[str, Any]:
    """Return the same without the instant, and without the numbers of places."""
    return {name: value for name, value in one.items() if name not in {"updated_at", "places", "marks"}}


def check_counts(row: ContactImport, before: dict[str, Any], after: dict[str, Any]) -> None:
    assert row.rows_read == (
        row.rows_created + row.rows_updated + row.rows_unchanged + row.rows_rejected + row.rows_skipped
    )
    assert row.rows_created == len(after) - len(before)
    assert row.rows_rejected == row.rejected.count()
    assert row.rows_updated == sum(plain(after[key]) != plain(one) for key, one in before.items())


def act(member: Member, key: str, what: str) -> bool:
    """Let somebody change a person who is there; return whether that made a difference."""
    one = Contact.objects.filter(workspace=member.workspace, email_key=key).first()
    if one is None:
        return False
    if what == "name":
        values = {name: getattr(one, name) for name in ("email", "company", "country", "subscriber_kind")}
        return services.edit_contact(one, {**values, "first_name": "Changed"}, {}, by=member.user)
    if what == "note":
        services.add_note(member, one, "Called.")
    elif what == "tag":
        services.add_tags(member.workspace, [one.pk], ["by hand"])
    else:
        services.add_to_list(make_list(member.workspace, f"By hand {one.pk}"), [one.pk])
    return True


@pytest.fixture
def member() -> Member:
    return make_member(make_workspace())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    known=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4), files=st.tuples(FILE, FILE),
    suppressed=st.sets(st.sampled_from([*KEYS, "x.com"]), max_size=2), acts=ACTS, newest_first=st.booleans(),
)  # fmt: skip
def test_counts_add_up_a_second_run_changes_nothing_and_an_undo_takes_back_what_nobody_touched(
    member: Member, known: dict[str, Any], files: tuple[File, File], suppressed: set[str], acts: dict[str, str],
    *, newest_first: bool,
) -> None:  # fmt: skip
    workspace = Workspace.objects.create(slug=f"w{Workspace.objects.count()}", name="W")
    member = Member(user=member.user, workspace=workspace, role=member.role)
    leads = make_list(workspace)
    for email, columns in known.items():
        services.create_contact(
            workspace, {"email": email, **{name: text for name, text in columns.items() if name != "fields"}},
            columns["fields"],
        )  # fmt: skip
    for one in suppressed:
        services.suppress_rule(workspace, one, SuppressionReason.MANUAL)
    states, rows = [state(workspace)], []
    for file in files:
        rows.append(bring_in(workspace, file, leads))
        states.append(state(workspace))
        check_counts(rows[-1], states[-2], states[-1])
    before, between, after = states
    again = bring_in(workspace, files[1], leads)
    assert (again.rows_created, again.rows_updated) == (0, 0)
    assert state(workspace) == after
    services.undo_import(again, by=member.user, hint=False)
    assert state(workspace) == after
    touched = {key for key, what in acts.items() if act(member, key, what)}
    for row in reversed(rows) if newest_first else rows:
        services.undo_import(row, by=member.user, hint=False)
    left = state(workspace)
    event(f"touched {len(touched)}, newest first {newest_first}")
    for key, had in before.items():
        if key not in touched:
            assert left[key] == had if newest_first else plain(left[key]) == plain(had)
            assert (left[key]["places"], left[key]["marks"]) == (had["places"], had["marks"])
        elif acts[key] == "name":
            assert plain(left[key]) == {**plain(had), "first_name": "Changed"}
        else:
            assert plain(left[key]) == plain(had)
            assert left[key]["places"] >= had["places"]
    for key in left.keys() - before.keys():
        in_both = not newest_first and key in between  # the second file names them, too
        assert key in touched or in_both, "who was touched by nobody is gone"
        if key not in touched:
            assert plain(left[key]) == plain(between[key])
    assert touched <= left.keys(), "who was touched is still there"
