"""A campaign as a file: what is given out can be taken in, elsewhere too; what comes from anybody is judged first."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns.calendar import ClosedSpan, Region, Wait, WaitUnit, Window
from campaigns.contacts.core.fields import FieldKind
from campaigns.contacts.models import CustomField
from campaigns.sequences import queries, services
from campaigns.sequences.models import Branch, Campaign, Path, Step, Variant
from campaigns.sequences.portable.exporting import content_of, file_name
from campaigns.sequences.portable.importing import import_file
from campaigns.sequences.portable.reading import BadFile, read_file
from campaigns.sequences.portable.shape import FILE_LIMIT_BYTES
from campaigns.sequences.states import Priority, StepThread
from outreach.accounts.access import Member
from tests.builders import make_contact, make_list, make_mailbox, make_sender
from tests.campaigns.sequences.browser import client_of
from tests.campaigns.sequences.drafts import make_draft, make_editor, step_at, wording_of
from tests.programs import program_of

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MINIMAL: dict[str, Any] = {
    "format": "outreach-campaign",
    "version": 1,
    "name": "Spring",
    "schedule": {"time_zone": "Europe/Berlin", "windows": [{"weekday": 1, "start": "09:00", "end": "17:00"}]},
    "steps": [{"wordings": [{"subject": "A question", "text": "Hi,\r\n\r\none question.\n"}]}],
}


@pytest.fixture
def member(db: None) -> Member:
    return make_editor()


@pytest.fixture
def elsewhere(db: None) -> Member:
    return make_editor("globex")


def full_campaign(member: Member) -> Campaign:
    """Write a campaign with everything that a file can hold, and an audience and a sender that it cannot."""
    campaign = make_draft(member, steps=3, name="Autumn: Größe?")
    services.save_step(step_at(campaign, 2), services.Joining(Wait(2, WaitUnit.BUSINESS_DAYS), StepThread.NEW))
    second = services.add_variant(step_at(campaign, 1))
    services.save_variant(
        second,
        services.Text("Second", "Hello {{ first_name|default('there') }}\n{{ sender.postal_address }}", weight=3),
    )
    schedule = services.Schedule(
        time_zone="Europe/Berlin",
        use_contact_zone=False,
        windows=[Window(1, 540, 720), Window(1, 780, 1_440), Window(5, 0, 60)],
        new_leads_per_day=20,
        closed=[ClosedSpan(date(2026, 12, 24), date(2027, 1, 1), "Between the years")],
        regions=[Region("DE", "BY")],
        daily_limit=90,
        priority=Priority.HIGH,
        starts_on=date(2026, 12, 1),
    )
    services.save_schedule(campaign, schedule)
    Campaign.objects.filter(pk=campaign.pk).update(skips_roles=False)
    services.choose_tracking(campaign, services.Tracking(track_clicks=True, track_text_clicks=True))
    warm, cold = (Path.objects.create(campaign=campaign, number=n, name=f"Path {n}") for n in (2, 5))
    for path, position in ((warm, 201), (cold, 501)):
        step = Step.objects.create(campaign=campaign, position=position, wait_amount=1)
        Variant.objects.create(step=step, label="A", body_text=f"On {path}.")
    CustomField.objects.create(workspace=member.workspace, name="seats", kind=FieldKind.NUMBER)
    customers = make_list(member.workspace, "Customers", (make_contact(member.workspace, "ada@secret.example"),))
    services.set_audience(campaign, [customers.pk])
    make_sender(campaign, make_mailbox(member.workspace, "me@secret.example"))
    first = step_at(campaign, 1)
    partners = make_list(member.workspace, "Partners")
    where = (
        f"fields.seats over 10 and not list is {customers.pk} and (list is {partners.pk} or replied in {campaign.pk})"
    )
    Branch.objects.create(step=first, place=1, kind="field", where=where, path=warm)
    Branch.objects.create(step=first, place=2, kind="reply", reply="positive", path=cold)
    Branch.objects.create(step=first, place=3, kind="click", path=warm)
    Branch.objects.create(step=step_at(campaign, 201), place=1, kind="everybody", path=cold)
    Branch.objects.create(step=step_at(campaign, 501), place=1, kind="field", where="country is de")
    campaign.refresh_from_db()
    return campaign


@time_machine.travel(NOW)
def test_what_is_given_out_and_taken_in_again_is_the_same_and_names_nobody(member: Member) -> None:
    campaign = full_campaign(member)
    content = content_of(campaign)
    assert b"secret" not in content
    made = import_file(member, read_file(content))
    copy = made.campaign
    assert (copy.state, copy.launched_at, copy.created_by) == ("draft", None, member.user)
    assert not queries.audience_of(copy)
    assert made.notes == ()
    again = re.sub(rf"\b(campaign|in) {copy.pk}\b", rf"\1 {campaign.pk}", content_of(copy).decode())
    assert [one.position for one in Step.objects.filter(campaign=copy).order_by("position")] == [1, 2, 3, 101, 201]
    assert again == content.decode()
    assert wording_of(copy, label="B").weight == 3


@time_machine.travel(NOW)
def test_elsewhere_things_are_found_by_their_names_and_what_is_not_there_is_told(
    member: Member, elsewhere: Member
) -> None:
    file = read_file(content_of(full_campaign(member)))
    make_list(elsewhere.workspace, "Others")
    here = make_list(elsewhere.workspace, "Customers")
    CustomField.objects.create(workspace=elsewhere.workspace, name="seats", kind=FieldKind.NUMBER)
    made = import_file(elsewhere, file)
    assert made.notes == ("Step 1: a branch asks for the list “Partners”, which is not here.",)
    branch = Branch.objects.get(step__campaign=made.campaign, step__position=1, kind="field")
    asked = f"(list is 0 or replied in {made.campaign.pk})"
    assert branch.where == f"fields.seats over 10 and not list is {here.pk} and {asked}"
    make_list(elsewhere.workspace, "Partners")
    assert import_file(elsewhere, file).notes == ()


def test_what_is_followed_is_carried_and_what_is_left_out_has_its_usual_value(member: Member) -> None:
    def made(**tracking: object) -> services.Tracking:
        file = read_file(json.dumps({**MINIMAL, "tracking": tracking}).encode())
        return services.tracking_of(import_file(member, file).campaign)

    assert made() == services.Tracking()
    assert made(clicks=True, text_clicks=True) == services.Tracking(track_clicks=True, track_text_clicks=True)
    german = services.Tracking(track_opens=True, opt_out_language="de")
    assert made(opens=True, opt_out_language="de", opt_out_line=True) == german


def test_an_older_file_cannot_switch_the_opt_out_line_off(member: Member) -> None:
    file = read_file(json.dumps({**MINIMAL, "tracking": {"opt_out_line": False}}).encode())
    made = import_file(member, file)
    assert "which is ignored: the law asks for it" in made.notes[0]
    assert b"opt_out_line" not in content_of(made.campaign)
    with pytest.raises(BadFile):
        read_file(json.dumps({**MINIMAL, "tracking": {"opt_out_language": "xx"}}).encode())


@pytest.mark.parametrize(
    ("tracking", "cause"),
    [
        ({"text_clicks": True}, r"tracking: text_clicks: links in plain text are followed only where"),
        ({"consent": True}, r"tracking\.consent: Extra inputs are not permitted"),
        ({"clicks": "yes"}, r"tracking\.clicks: Input should be a valid boolean"),
        ({"clicks": 1}, r"tracking\.clicks: Input should be a valid boolean"),
        ([], r"tracking: Input should be"),
    ],
)
def test_what_cannot_be_followed_is_refused_by_its_name(tracking: object, cause: str) -> None:
    with pytest.raises(BadFile, match=cause):
        read_file(json.dumps({**MINIMAL, "tracking": tracking}).encode())


def test_a_branch_that_waits_for_clicks_which_are_not_followed_is_told(member: Member) -> None:
    step = {**MINIMAL["steps"][0], "branches": [{"kind": "click", "path": None}]}
    file = {**MINIMAL, "steps": [step]}
    told = import_file(member, read_file(json.dumps(file).encode())).notes
    assert told == ("Step 1: a branch waits for clicks, which are not followed (tracking.clicks).",)
    assert import_file(member, read_file(json.dumps({**file, "tracking": {"clicks": True}}).encode())).notes == ()


@time_machine.travel(NOW)
def test_what_a_person_should_look_at_is_told(member: Member) -> None:
    file = json.loads(json.dumps(MINIMAL))
    file["schedule"] |= {"starts_on": "2026-11-25", "holidays": [{"country": "ZZ"}]}
    file["steps"][0]["wordings"][0]["text"] = "Hi {{ frist_name }}"
    made = import_file(member, read_file(json.dumps(file).encode()))
    assert made.campaign.starts_on is None
    assert made.notes == (
        "Its first day, 2026-11-25, is over, and was left out.",
        "The public holidays of ZZ are not known here.",
        "Step 1, wording A: There is no “frist_name”. Did you mean first_name?",
    )


def test_lines_end_with_one_sign_and_a_mark_of_the_byte_order_is_no_matter(member: Member) -> None:
    made = import_file(member, read_file(b"\xef\xbb\xbf" + json.dumps(MINIMAL).encode()))
    assert wording_of(made.campaign).body_text == "Hi,\n\none question.\n"
    step = step_at(made.campaign, 1)
    assert (step.wait_amount, step.thread) == (0, "new")


def test_html_is_cleaned_as_it_comes_in(member: Member) -> None:
    html = "<p onclick='x()'>Hi {{ first_name }}<script>alert(1)</script></p>"
    made = import_file(member, read_file(_with("steps.0.wordings.0.html", html)))
    assert wording_of(made.campaign).body_html == "<p>Hi {{ first_name }}</p>"
    with pytest.raises(BadFile, match="Step 1: An image stands in the HTML itself"):
        import_file(member, read_file(_with("steps.0.wordings.0.html", '<img src="data:image/png,x">')))


def _with(path: str, value: object) -> bytes:
    """Return the minimal file with one value in another place."""
    file = json.loads(json.dumps(MINIMAL))
    here: Any = file
    *way, last = [int(one) if one.isdigit() else one for one in path.split(".")]
    for one in way:
        here = here[one]
    here[last] = value
    return json.dumps(file).encode()


_STEP: dict[str, Any] = {"wait": {"amount": 3}, "wordings": [{}]}
BAD: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"subject;text", "The file is no JSON in UTF-8: expected value at line 1 column 1."),
    "UTF-16": (json.dumps(MINIMAL).encode("utf-16"), "The file is no JSON in UTF-8"),
    "half a character": (b'{"format": "\\ud800"}', "The file is no JSON in UTF-8"),
    "not a number": (_with("steps.0.wordings.0.weight", float("nan")), "The file is no JSON in UTF-8"),
    "too deep": (b"[" * 100_000, "The file is no JSON in UTF-8"),
    "too large": (b" " * (FILE_LIMIT_BYTES + 1), "The file has more than 4,000,000 bytes"),
    "another thing": (b'{"name": "x"}', "This is no campaign file"),
    "a list": (b"[]", "This is no campaign file"),
    "of later": (_with("version", 2), "The file is of version 2; this program reads version 1."),
    "a huge version": (_with("version", "9" * 5_000), "The file is of version 99999999999999999999; this"),
    "a key too many": (_with("mailbox", "me@x.example"), "mailbox: Extra inputs are not permitted."),
    "too many steps": (_with("steps", [_STEP] * 100), "steps: List should have at most 99 items"),
    "weight": (_with("steps.0.wordings.0.weight", 101), "steps.0.wordings.0.weight: Input should be less than"),
    "NUL": (_with("steps.0.wordings.0.text", "a\0b"), "steps.0.wordings.0.text: String should match pattern"),
    "two lines of a subject": (_with("steps.0.wordings.0.subject", "a\nBcc: x"), "subject: String should match"),
    "a text too long": (_with("steps.0.wordings.0.text", "x" * 64_001), "text: String should have at most 64000"),
    "two of one label": (_with("steps.0.wordings", [{}, {}]), "steps.0: there is more than one wording A."),
    "a window over midnight": (
        _with("schedule.windows.0", {"weekday": 1, "start": "22:00", "end": "02:00"}),
        "schedule.windows.0: a window ends after it starts.",
    ),
    "a branch to nowhere": (
        _with("steps.0.branches", [{"kind": "everybody", "path": "Warm"}]),
        "No path “Warm” lies ahead of the branch that leads to it.",
    ),
    "a branch back": (
        _with("paths", [{"name": "P", "steps": [{**_STEP, "branches": [{"kind": "everybody", "path": "P"}]}]}]),
        "No path “P” lies ahead of the branch that leads to it.",
    ),
    "an answer to the end": (
        _with("steps.0.branches", [{"kind": "reply", "reply": "positive"}]),
        "steps.0.branches.0: an answer ends the sequence by itself: a branch for it leads to a path.",
    ),
    "ten thousand years": (
        _with("schedule.closed_days", [{"first": "0001-01-01", "last": "9999-12-31"}]),
        "schedule.closed_days.0: closed days are more than a year at once.",
    ),
    "other paths' names twice": (_with("paths", [{"name": "P", "steps": []}] * 2), "There is more than one path P."),
}
IMPOSSIBLE: dict[str, tuple[bytes, str]] = {
    "a zone": (_with("schedule.time_zone", "Mars/Base"), "schedule.time_zone: "),
    "minutes": (_with("steps", [_STEP, {**_STEP, "wait": {"amount": 5, "unit": "minutes"}}]), "Step 2: waits in minut"),
    "at once": (_with("steps", [_STEP, {**_STEP, "wait": {"amount": 0}}]), "Step 2: a follow-up waits 1 to 365, not 0"),
    "overlap": (
        _with("schedule.windows", [{"weekday": 1, "start": "09:00", "end": "12:00"}] * 2),
        "schedule: Two windows of a day overlap.",
    ),
    "a condition": (
        _with("steps.0.branches", [{"kind": "field", "condition": "country is", "path": None}]),
        "Step 1: the condition of a branch cannot be read. At character 11: The condition ends where",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_campaign_file_is_told_with_its_place(name: str) -> None:
    content, cause = BAD[name]
    with pytest.raises(BadFile, match=re.escape(cause)):
        read_file(content)


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_no_campaign_may_have_leaves_nothing_behind(member: Member, name: str) -> None:
    content, cause = IMPOSSIBLE[name]
    with pytest.raises(BadFile, match=re.escape(cause)):
        import_file(member, read_file(content))
    assert not Campaign.objects.exists()


def test_pages_give_the_file_out_and_take_it_in(member: Member) -> None:
    campaign, client = make_draft(member), client_of(member)
    given = client.get(member.url("sequences:file", campaign.pk))
    assert given["Content-Disposition"] == 'attachment; filename="autumn.campaign.json"'
    assert given["Content-Type"] == "application/json"
    url = member.url("sequences:from_file")
    taken = client.post(url, {"file": SimpleUploadedFile("a.json", given.content)})
    copy = Campaign.objects.exclude(pk=campaign.pk).get()
    assert (taken.status_code, taken["Location"]) == (302, member.url("sequences:sequence", copy.pk))
    odd = client.post(url, {"file": SimpleUploadedFile("a.json", _with("schedule.holidays", [{"country": "ZZ"}]))})
    assert "The public holidays of ZZ are not known here." in odd.text
    for content, cause in ((b"<x>", "The file is no JSON in UTF-8"), (b"", "The file is empty.")):
        refused = client.post(url, {"file": SimpleUploadedFile("a.json", content)})
        assert (refused.status_code, cause in refused.text) == (422, True)
    assert Campaign.objects.count() == 3


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("../../x\r\nSet-Cookie: a=b", "x-set-cookie-a-b.campaign.json"),
        ("Größe 東京", "gr-e.campaign.json"),
        ("東京", "campaign.campaign.json"),
    ],
)
def test_name_of_the_file_holds_nothing_odd(name: str, file: str) -> None:
    assert file_name(Campaign(name=name)) == file


def test_draft_without_steps_and_with_odd_signs_in_its_name_is_given_out_too(member: Member) -> None:
    campaign = make_draft(member, steps=1, name="Odd\nname\x07 ")
    services.remove_step(step_at(campaign, 1))
    made = import_file(member, read_file(content_of(campaign)))
    assert (made.campaign.name, made.campaign.steps.count()) == ("Odd name", 0)


def test_programs_list_campaigns_and_carry_one_from_workspace_to_workspace(member: Member, elsewhere: Member) -> None:
    campaign = make_draft(member)
    program, other = program_of(member), program_of(elsewhere)
    listed = program.ask("GET", "/campaigns").json()["results"]
    assert [(one["id"], one["name"], one["state"]) for one in listed] == [(campaign.pk, "Autumn", "draft")]
    file = program.ask("GET", f"/campaigns/{campaign.pk}/file").json()
    made = other.ask("POST", "/campaigns/file", file)
    assert (made.status_code, made.json()["name"], made.json()["notes"]) == (201, "Autumn", [])
    copy = Campaign.objects.get(pk=made.json()["id"])
    assert (copy.workspace, wording_of(copy).subject) == (elsewhere.workspace, "A question")
    refused = other.ask("POST", "/campaigns/file", {**file, "steps": [{"wordings": [{"weight": -1}]}]})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "steps.0.wordings.0.weight")
    zone = other.ask("POST", "/campaigns/file", {**file, "schedule": {**file["schedule"], "time_zone": "Mars/Base"}})
    assert (zone.status_code, zone.json()["code"]) == (422, "bad_file")


def test_a_file_with_more_html_than_a_request_can_clean_is_refused() -> None:
    wordings = [{"label": chr(65 + number), "html": "x" * 63_000} for number in range(16)]
    with pytest.raises(BadFile, match="The HTML of all wordings has 1,008,000 characters"):
        read_file(json.dumps({**MINIMAL, "steps": [{"wordings": wordings}]}).encode())
    assert read_file(json.dumps({**MINIMAL, "steps": [{"wordings": wordings[:15]}]}).encode())


@pytest.mark.parametrize(
    ("schedule", "cause"),
    [
        ({"starts_on": "9999-12-31"}, "the first day is a year ahead at most, not 9999-12-31"),
        (
            {"closed_days": [{"first": "9999-12-31", "last": "9999-12-31"}]},
            "closed days lie five years ahead at most, not on 9999-12-31",
        ),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_days_that_no_page_takes_are_refused_in_a_file(member: Member, schedule: dict[str, Any], cause: str) -> None:
    file = read_file(json.dumps({**MINIMAL, "schedule": {**MINIMAL["schedule"], **schedule}}).encode())
    with pytest.raises(BadFile, match=cause):
        import_file(member, file)
    assert not Campaign.objects.exists()
