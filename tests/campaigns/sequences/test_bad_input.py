"""What cannot be taken is told beside its field, and nothing of it is kept."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.sequences import queries
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from tests.builders import make_audience, make_list, make_workspace
from tests.campaigns.sequences.browser import client_of, edit, errors_in, form_to, page_of, send
from tests.campaigns.sequences.drafts import everything, make_draft, make_editor, step_at, wording_of

pytestmark = pytest.mark.django_db

ENDLESS = "9" * 5_000  # more digits than Python reads as a number


@pytest.fixture
def member() -> Member:
    return make_editor()


@pytest.fixture
def client(member: Member) -> Client:
    return client_of(member)


@pytest.fixture
def campaign(member: Member) -> Campaign:
    return make_draft(member)


@pytest.mark.parametrize("page", ["create", "rename"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        (None, "required"),
        ("", "required"),
        (" \t\u00a0", "required"),
        ("x" * 121, "at most 120 characters"),
        ("a\x00b", "Null characters"),
    ],
)
def test_a_name_that_is_none(
    client: Client, member: Member, campaign: Campaign, page: str, name: str | None, words: str
) -> None:
    before = everything()
    url = member.url(f"sequences:{page}", *([campaign.pk] if page == "rename" else []))
    answer = client.post(url, {} if name is None else {"name": name})
    assert answer.status_code == 422
    assert words in errors_in(answer.text)["name"]
    assert everything() == before


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"body_text": "Hi {{ frist_name }},"}, "body_text", "Did you mean first_name?"),
        ({"subject": "Hi {{ Company_name }}"}, "subject", "There is no “Company_name”."),
        ({"body_text": "Hi\n\n  {% for x in 'abc' %}{% endfor %}"}, "body_text", "Line 3, column 6: The language has"),
        ({"body_text": "{{ first_name.__class__ }}"}, "body_text", "“__class__” is not a name"),
        ({"body_text": "{{ ''.__class__.__mro__ }}"}, "body_text", "Names go one level deep"),
        ({"body_text": "{{ first_name()|upper }}"}, "body_text", "The language has no calls."),
        ({"body_text": "{{ first_name|attr('x') }}"}, "body_text", "There is no filter “attr”."),
        ({"body_text": "{% set x = 1 %}"}, "body_text", "The language has no assignments."),
        ({"body_text": "Hi {{ first_name"}, "body_text", "This {{ is never closed."),
        ({"body_text": "{% if city %}x"}, "body_text", "An if is not closed."),
        ({"body_text": "Hi {first_name}"}, "body_text", "{{ first_name }} for a variable"),
        ({"body_text": "{a|b"}, "body_text", "This { is not closed."),
        ({"subject": "x" * 10_000}, "subject", "at most 500 characters (it has 10000)"),
        ({"body_text": "x" * 500_000}, "body_text", "at most 64000 characters (it has 500000)"),
        ({"body_text": "x" * 2_000_000}, "body_text", "at most 64000 characters (it has 2000000)"),
        ({"subject": "a\x00b"}, "subject", "Null characters"),
        ({"body_text": "a\x00b"}, "body_text", "Null characters"),
        ({"weight": "-1"}, "weight", "greater than or equal to 0"),
        ({"weight": "101"}, "weight", "less than or equal to 100"),
        ({"weight": "1.5"}, "weight", "whole number"),
        ({"weight": ENDLESS}, "weight", "whole number"),
        ({"weight": ""}, "weight", "required"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wording_that_cannot_be_taken(
    client: Client, member: Member, campaign: Campaign, changes: dict[str, object], field: str, words: str
) -> None:
    before = everything()
    variant = wording_of(campaign)
    answer = edit(client, member, campaign, "variant_save", variant.pk, **changes)
    assert answer.status_code == 422
    assert set(errors_in(answer.text)) == {field}
    assert words in errors_in(answer.text)[field]
    assert everything() == before
    # What was typed stands in its form again.
    again = form_to(answer.text, member.url("sequences:variant_save", variant.pk))
    assert again.fields[field] == [changes[field]]


def test_every_problem_of_a_wording_is_told_at_once(client: Client, member: Member, campaign: Campaign) -> None:
    answer = edit(
        client, member, campaign, "variant_save", wording_of(campaign).pk,
        subject="{{ compny }}", body_text="{{ frist_name }}\n{{ lats_name }}", weight="x",
    )  # fmt: skip
    found = errors_in(answer.text)
    assert "Did you mean company?" in found["subject"]
    assert "Line 1, column 4: There is no “frist_name”. Did you mean first_name?" in found["body_text"]
    assert "Line 2, column 4: There is no “lats_name”. Did you mean last_name?" in found["body_text"]
    assert "weight" in found


def test_a_line_end_of_a_browser_counts_as_one_character(client: Client, member: Member, campaign: Campaign) -> None:
    text = ("x" * 63 + "\r\n") * 1_000
    assert edit(client, member, campaign, "variant_save", wording_of(campaign).pk, body_text=text).status_code == 302
    assert wording_of(campaign).body_text == text.replace("\r\n", "\n")
    answer = edit(client, member, campaign, "variant_save", wording_of(campaign).pk, body_text=text + "x")
    assert "it has 64001" in errors_in(answer.text)["body_text"]


def test_a_follow_up_is_not_refused_for_a_subject_that_nobody_sees(
    client: Client, member: Member, campaign: Campaign
) -> None:
    variant = wording_of(campaign, 2)
    type(variant).objects.filter(pk=variant.pk).update(subject="{{ gone }}")
    assert edit(client, member, campaign, "variant_save", variant.pk, body_text="Hi").status_code == 302
    assert (wording_of(campaign, 2).subject, wording_of(campaign, 2).body_text) == ("{{ gone }}", "Hi")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"wait_amount": "0"}, "wait_amount", "waits 1 at least"),
        ({"wait_amount": "-1"}, "wait_amount", "waits 1 at least"),
        ({"wait_amount": "366"}, "wait_amount", "waits 365 at most"),
        ({"wait_amount": "9999"}, "wait_amount", "waits 365 at most"),
        ({"wait_amount": ENDLESS}, "wait_amount", "whole number"),
        ({"wait_amount": "1.5"}, "wait_amount", "whole number"),
        ({"wait_amount": ""}, "wait_amount", "required"),
        ({"wait_unit": "minutes"}, "wait_unit", "minutes is not one of the available choices"),
        ({"wait_unit": ""}, "wait_unit", "required"),
        ({"thread": "old"}, "thread", "old is not one of the available choices"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wait_that_cannot_be_taken(
    client: Client, member: Member, campaign: Campaign, changes: dict[str, object], field: str, words: str
) -> None:
    before = everything()
    answer = edit(client, member, campaign, "step_save", step_at(campaign, 2).pk, **changes)
    assert answer.status_code == 422
    assert set(errors_in(answer.text)) == {field}
    assert words in errors_in(answer.text)[field]
    assert everything() == before


@pytest.mark.parametrize("amount", ["1", "365"])
def test_the_shortest_and_the_longest_wait_are_taken(
    client: Client, member: Member, campaign: Campaign, amount: str
) -> None:
    answer = edit(client, member, campaign, "step_save", step_at(campaign, 2).pk, wait_amount=amount)
    assert answer.status_code == 302
    assert step_at(campaign, 2).wait_amount == int(amount)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({f"hours_{day}": "" for day in range(1, 8)}, "", "Write the hours of one day at least"),
        ({"hours_2": "17:00-09:00"}, "hours_2", "17:00-24:00 here and 00:00-09:00 on the day after"),
        ({"hours_2": "9-9"}, "hours_2", "is empty: a window ends after it starts"),
        ({"hours_2": "25:00-26:00"}, "hours_2", "“25:00” is no time"),
        ({"hours_2": "soon"}, "hours_2", "“soon” is no window: write it as 09:00-17:00."),
        ({"hours_2": "9-12, 11-13"}, "hours_2", "09:00-12:00 and 11:00-13:00 overlap."),
        ({"hours_2": ",".join(f"{h}-{h + 1}" for h in range(0, 14, 2))}, "hours_2", "7 windows are too many"),
        ({"hours_2": "9" * 201}, "hours_2", "at most 200 characters"),
        ({"starts_on": "2027-02-30"}, "starts_on", "Enter a valid date"),
        ({"starts_on": "9999-12-31"}, "starts_on", "a year ahead at most"),
        ({"starts_on": "0001-01-01"}, "starts_on", "too long ago"),
        ({"time_zone": "Mars/Base"}, "time_zone", "“Mars/Base” is not a time zone."),
        ({"time_zone": "Europe/Berln"}, "time_zone", "Did you mean Europe/Berlin?"),
        ({"time_zone": "../../etc/passwd"}, "time_zone", "is not a time zone"),
        ({"time_zone": "Europe/Berlin\x00"}, "time_zone", "Null characters"),
        ({"time_zone": "x" * 65}, "time_zone", "at most 64 characters"),
        ({"time_zone": " "}, "time_zone", "required"),
        ({"new_leads_per_day": "0"}, "new_leads_per_day", "greater than or equal to 1"),
        ({"new_leads_per_day": "100001"}, "new_leads_per_day", "less than or equal to 100000"),
        ({"new_leads_per_day": ENDLESS}, "new_leads_per_day", "whole number"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_schedule_that_cannot_be_taken(
    client: Client, member: Member, campaign: Campaign, changes: dict[str, object], field: str, words: str
) -> None:
    before = everything()
    url = member.url("sequences:schedule", campaign.pk)
    answer = send(client, form_to(client.get(url).text, ""), url, **changes)
    assert answer.status_code == 422
    assert set(errors_in(answer.text)) == {field}
    assert words in errors_in(answer.text)[field]
    assert everything() == before


@pytest.mark.parametrize("lists", ["theirs", "10000000", ENDLESS, "9" * 30, "-1", "x", "1\x00", "\u0663", ""])
def test_an_audience_that_is_not_there(client: Client, member: Member, campaign: Campaign, lists: str) -> None:
    mine, theirs = make_list(member.workspace), make_list(make_workspace("other"), "Their secret")
    make_audience(campaign, mine)
    before = everything()
    url = member.url("sequences:audience", campaign.pk)
    chosen = [mine.pk, theirs.pk if lists == "theirs" else lists]
    answer = send(client, form_to(client.get(url).text, ""), url, lists=chosen)
    assert answer.status_code == 422
    assert errors_in(answer.text) == {
        "lists": "One of the lists is not there any more. Look at the choice and save again."
    }
    assert "Their secret" not in answer.text
    assert everything() == before
    assert form_to(answer.text, "").fields["lists"] == [str(mine.pk)]


def test_lists_of_another_workspace_are_not_offered(client: Client, member: Member, campaign: Campaign) -> None:
    make_list(make_workspace("other"), "Their secret")
    make_list(member.workspace, "Mine")
    page = page_of(client, member, campaign, "audience")
    assert "Mine" in page
    assert "Their secret" not in page
    assert queries.audience_of(campaign) == frozenset()


@pytest.mark.parametrize("pk", ["0", "9" * 19, "9" * 30])
def test_numbers_that_are_no_rows_are_not_found(client: Client, member: Member, pk: str) -> None:
    for address in (f"{pk}/sequence", f"{pk}/audience", f"{pk}/schedule", f"{pk}/name"):
        assert client.get(f"/w/{member.workspace.slug}/campaigns/{address}").status_code == 404, address
    for address in (f"{pk}/steps", f"steps/{pk}", f"steps/{pk}/place", f"variants/{pk}", f"variants/{pk}/removal"):
        assert client.post(f"/w/{member.workspace.slug}/campaigns/{address}").status_code == 404, address


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"body_text": "x" * 2_000_000}, "body_text", "at most 64000 characters"),
        ({"body_html": "<p>x</p>" * 250_000}, "body_html", "at most 200000 characters"),
        ({"body_html": "<p>x</p>" * 10_000}, "body_html", "5,000 tags at most"),
        ({"body_html": f"<p>{'x' * 70_000}</p>"}, "body_html", "64,000 at most are sent"),
        ({"body_html": '<p>Hi<img src="data:image/png;base64,AAAA"></p>'}, "body_html", "put it on a web server"),
        ({"body_html": "<p>{{ frist_name }}</p>"}, "body_html", "Did you mean first_name?"),
    ],
)
def test_a_body_that_no_mail_can_have(
    client: Client, member: Member, campaign: Campaign, changes: dict[str, str], field: str, words: str
) -> None:
    before = everything()
    url = member.url("sequences:variant_save", wording_of(campaign).pk)
    form = form_to(page_of(client, member, campaign), url)
    answer = client.post(url, {**form.fields, **changes})
    assert answer.status_code == 422
    assert words in errors_in(answer.text)[field]
    kept = client.post(member.url("sequences:variant_keep", wording_of(campaign).pk), {**form.fields, **changes})
    assert (kept.status_code, everything() == before) == ((200, False) if "frist" in str(changes) else (422, True))


@pytest.mark.parametrize(
    "text", ["\u05e9\u05dc\u05d5\u05dd {{ first_name }}", "\U0001f44b\u200d Hi", "a\u202eb", "tab\tand \x0b"]
)
def test_other_scripts_and_strange_signs_are_kept_as_they_are(
    client: Client, member: Member, campaign: Campaign, text: str
) -> None:
    assert edit(client, member, campaign, "variant_save", wording_of(campaign).pk, body_text=text).status_code == 302
    assert wording_of(campaign).body_text == text
