"""What a dry run says is what the run does, and it changes nothing itself."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.contacts import services
from campaigns.contacts.core.difference import Difference
from campaigns.contacts.errors import IllegalMove
from campaigns.contacts.models import Contact, ContactImport, DryRun
from campaigns.contacts.services import dry_runs, reading
from campaigns.contacts.states import DryRunState, ImportPolicy, ImportState, SuppressionReason
from campaigns.sequences.states import CampaignState
from outreach.accounts.models import Workspace
from outreach.kit import clock
from sending.planner.states import EnrollmentState, StopReason
from tests.builders import make_campaign, make_contact, make_enrollment, make_member, make_workspace

pytestmark = pytest.mark.django_db

HEADER = ["email", "first name", "company", "country", "size", "note"]
FILE = (
    "email,first name,company,country,size,note\n"
    'ada@x.com,Ada,New,DE,"1,234.5",b\n'
    "bob@x.com,Bob,,Mars,2.5,\n"
    "cy@x.com,Cy,Acme,,,\n"
    "broken,x,,,,\n"
    "ada@x.com,again,,,,\n"
    "di@gone.org,Di,,,,\n"
    "short\n"
)  # fmt: skip


def upload(workspace: Workspace, text: str, policy: ImportPolicy = ImportPolicy.OVERWRITE) -> ContactImport:
    row = services.store_upload(workspace, "people.csv", [text.encode()])
    row.policy = policy
    services.choose(row, row.mapping, "People")
    return row


def difference(row: ContactImport) -> Difference:
    dry_run = services.start_dry_run(row, hint=False)
    services.run_dry_run(dry_run.pk)
    dry_run.refresh_from_db()
    assert dry_run.state == DryRunState.DONE, dry_run.problem
    assert dry_run.difference is not None
    return Difference.from_json(dry_run.difference)


def run(row: ContactImport) -> ContactImport:
    services.confirm_onto(row, row.mapping, row.list_name, hint=False)
    services.run_import(row.pk)
    row.refresh_from_db()
    assert row.state == ImportState.DONE, row.problem
    return row


def known_people(workspace: Workspace) -> dict[str, dict[str, Any]]:
    columns = ("first_name", "company", "country", "fields")
    return {
        row.pop("email_key"): row for row in Contact.objects.filter(workspace=workspace).values("email_key", *columns)
    }


def changed_fields(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> Counter[str]:
    """Count by hand how many people had another value in each field afterwards."""
    count: Counter[str] = Counter()
    for key, old in before.items():
        new = after[key]
        count.update(name for name in ("first_name", "company", "country") if old[name] != new[name])
        names = set(old["fields"]) | set(new["fields"])
        count.update(f"fields.{name}" for name in names if old["fields"].get(name) != new["fields"].get(name))
    return count


NAMES = [f"{letter}@x.com" for letter in "abcdef"]
values = st.sampled_from(["", "x", "y", "1", "2.5", "DE", "France"])
records = st.tuples(st.sampled_from([*NAMES, "A@X.com", "broken", ""]), values, values, values, values, values)
people = st.dictionaries(
    st.sampled_from(NAMES),
    st.fixed_dictionaries(
        {
            "first_name": st.sampled_from(["", "x", "y"]),
            "company": st.sampled_from(["", "x", "y"]),
            "country": st.sampled_from(["", "DE"]),
            "fields": st.dictionaries(st.sampled_from(["size", "note", "other"]), st.sampled_from(["1", "x"])),
        }
    ),
    max_size=6,
)


@given(
    st.lists(records, min_size=1, max_size=10), people, st.sampled_from(ImportPolicy), st.sets(st.sampled_from(NAMES))
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_counts_of_a_dry_run_are_those_of_the_run(
    monkeypatch: pytest.MonkeyPatch,
    rows: list[tuple[str, ...]],
    known: dict[str, dict[str, Any]],
    policy: ImportPolicy,
    suppressed: set[str],
) -> None:
    monkeypatch.setattr(reading, "_BATCH_ROWS", 3)
    workspace = make_workspace(f"w{Workspace.objects.count()}")
    for email, columns in known.items():
        make_contact(workspace, email, **columns)
    for email in sorted(suppressed):
        services.suppress(workspace, email, SuppressionReason.MANUAL)
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, ["first@y.com", *[""] * 5], *rows])
    row = upload(workspace, text.getvalue(), policy)
    before = known_people(workspace)
    found = difference(row)
    assert known_people(workspace) == before
    run(row)
    assert (found.rows, found.created, found.changed, found.rejected, found.suppressed) == (
        row.rows_read, row.rows_created, row.rows_updated, row.rows_rejected, row.rows_suppressed,
    )  # fmt: skip
    assert found.unchanged == row.rows_unchanged + row.rows_skipped
    assert found.rows == found.created + found.changed + found.unchanged + found.rejected
    assert sum(cause.rows for cause in found.rejections.values()) == row.rejected.count()
    assert found.notes == row.notes
    assert {name: change.people for name, change in found.changes.items()} == changed_fields(
        before, known_people(workspace)
    )


def test_a_dry_run_tells_of_every_kind_of_row_with_samples() -> None:
    workspace = make_workspace()
    ada = make_contact(workspace, "Ada@x.com", first_name="Ada", company="Old", fields={"note": "a"})
    bob = make_contact(workspace, "bob@x.com", first_name="Bob", fields={"size": "2.5"})
    services.suppress_rule(workspace, "gone.org", SuppressionReason.MANUAL)
    autumn, winter = (
        make_campaign(workspace, name, state=state, launched_at=clock.now())
        for name, state in (("Autumn", CampaignState.RUNNING), ("Winter", CampaignState.PAUSED))
    )
    for campaign in (autumn, winter):
        make_enrollment(campaign, ada)
    make_enrollment(
        autumn, bob, state=EnrollmentState.STOPPED, stop_reason=StopReason.REPLIED, due_at=None, ended_at=clock.now()
    )
    found = difference(upload(workspace, FILE))
    assert (found.rows, found.created, found.changed, found.unchanged, found.rejected) == (7, 2, 1, 1, 3)
    assert (found.suppressed, found.enrolled) == (1, 1)
    assert [(one.name, one.people) for one in found.campaigns] == [("Autumn", 1)]
    assert found.created_samples == [["cy@x.com", "Cy"], ["di@gone.org", "Di"]]
    assert {name: change.samples for name, change in found.changes.items()} == {
        "company": [["Ada@x.com", "Old", "New"]],
        "country": [["Ada@x.com", "", "DE"]],
        "fields.size": [["Ada@x.com", "", "1234.5"]],
        "fields.note": [["Ada@x.com", "a", "b"]],
    }
    assert {cause.split(":")[0]: (one.rows, one.samples[0][::2]) for cause, one in found.rejections.items()} == {
        "There is no @ in it.": (1, [5, "broken,x,,,,"]),
        "Same address as line ….": (1, [6, "ada@x.com,again,,,,"]),
        "The row has … cell, the first row has …": (1, [8, "short"]),
    }
    assert found.rejections["Same address as line …."].samples[0][1] == "Same address as line 2."
    assert found.notes == ["Country is not known in 1 row (line 3, “Mars”); left empty there."]


def test_other_choices_forget_a_dry_run_and_one_that_is_overtaken_ends_quietly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = upload(make_workspace(), FILE)
    done = services.start_dry_run(row, hint=False)
    services.run_dry_run(done.pk)
    services.choose(row, row.mapping, "")
    assert not DryRun.objects.exists()
    waiting = services.start_dry_run(row, hint=False)
    begin = reading.reader_of

    def begin_and_be_overtaken(of: ContactImport) -> Any:
        services.start_dry_run(of, hint=False)
        return begin(of)

    monkeypatch.setattr(dry_runs, "reader_of", begin_and_be_overtaken)
    services.run_dry_run(waiting.pk)
    assert DryRun.objects.get().state == DryRunState.QUEUED
    run(row)
    assert not DryRun.objects.exists()  # it was not done, and is of no use any more
    with pytest.raises(IllegalMove):
        services.start_dry_run(row, hint=False)


def test_a_dry_run_whose_worker_died_is_begun_again_and_the_third_death_is_told() -> None:
    row = upload(make_workspace(), FILE)
    dry_run = services.start_dry_run(row, hint=False)
    for attempt in range(1, dry_runs.ATTEMPTS + 1):
        DryRun.objects.update(state=DryRunState.RUNNING, attempts=attempt, started_at=clock.now())
        services.sweep_dry_runs()
        dry_run.refresh_from_db()
        assert dry_run.state == (DryRunState.QUEUED if attempt < dry_runs.ATTEMPTS else DryRunState.FAILED)
    assert "3 times" in dry_run.problem
    hopeless = services.start_dry_run(row, hint=False)
    DryRun.objects.update(queued_at=clock.now() - timedelta(minutes=5))
    services.sweep_dry_runs()  # hints only
    services.run_dry_run(hopeless.pk)
    assert DryRun.objects.get().state == DryRunState.DONE


def test_the_wizard_shows_what_would_change_before_the_import_runs() -> None:
    workspace = make_workspace()
    make_contact(workspace, "ada@x.com", company="Old")
    client, member = Client(), make_member(workspace)
    client.force_login(member.user)
    row = services.store_upload(workspace, "people.csv", [FILE.encode()])
    form = {
        "column-0": "email", "column-2": "company", "column-4": "custom", "name-4": "size", "kind-4": "number",
        "list_name": " Spring ", "tags": "fair", "policy": "fill", "then": "look",
    }  # fmt: skip
    url = member.url("contacts:import_changes", row.pk)
    assert client.get(url, follow=True).redirect_chain[-1][0] == member.url("contacts:import_map", row.pk)
    assert client.post(member.url("contacts:import_map", row.pk), form)["Location"] == url
    waiting = client.get(url).text
    assert "Waiting for a worker" in waiting
    region = client.get(url, headers={"HX-Request": "true", "HX-Target": "progress"}).text
    assert region.strip()
    assert region.strip() in waiting
    services.run_dry_run(DryRun.objects.get().pk)
    assert client.get(url, headers={"HX-Request": "true"})["HX-Redirect"] == url
    page = " ".join(client.get(url).text.split())
    assert "7 rows compared" in page
    assert "<ins>1234.5</ins>" in page
    assert "<del>" not in page  # by the policy nothing that is known is replaced
    client.post(member.url("contacts:import_look", row.pk), {"policy": "overwrite"})
    services.run_dry_run(DryRun.objects.get().pk)
    assert "<del>Old</del> → <ins>New</ins>" in " ".join(client.get(url).text.split())
    columns = client.get(member.url("contacts:import_map", row.pk)).text
    assert 'value="Spring"' in columns
    assert 'value="fair"' in columns
    client.post(member.url("contacts:import_start", row.pk))
    services.run_import(row.pk)
    row.refresh_from_db()
    assert (row.rows_created, row.rows_updated, row.policy, row.tags) == (3, 1, "overwrite", ["fair"])
    assert row.contact_list is not None
    assert row.contact_list.name == "Spring"
