"""The guard over everybody: exactly those whose message would be held, why, and a fallback by one click."""

from __future__ import annotations

import sys

import pytest
from django.db import connection

from campaigns.contacts.models import Contact
from campaigns.sequences.audience import audience_contacts
from campaigns.sequences.models import Branch, Campaign, Path, Step, Variant, WordingVersion
from campaigns.sequences.plans import plans
from campaigns.sequences.services import set_audience
from campaigns.sequences.states import ReplyClass, StepThread
from campaigns.sequences.wording import SenderValues
from campaigns.templating import clean_text
from campaigns.templating.language import MAX_SOURCE
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from sending.mailboxes.models import Mailbox
from sending.planner.audience import gaps
from sending.planner.audience.gap_rows import VISIBLE
from sending.planner.audience.gaps import guard_of, next_who_lacks
from sending.planner.claim.wordings import Unfit, wording_of
from sending.planner.lawful.footing import Reader
from sending.planner.models import Enrollment
from sending.planner.services import launch
from sending.planner.states import EnrollmentState
from tests.builders import make_audience, make_branch, make_contact, make_list, make_member, make_step
from tests.sending.planner.pages import make_draft, page_of, post, read, signed_in, text_of
from tests.sending.planner.stage import make_team

pytestmark = pytest.mark.django_db

US = SenderValues(name="x", email="x@example.com", signature="x", postal_address="x")
# Each of another kind: what is there, blank in every way, unfit, or not what a filter reads.
PEOPLE: tuple[dict[str, object], ...] = (
    {"first_name": "Ada", "company": "Engines", "fields": {"size": "1,200", "signed": "2026-03-09"}},
    {"first_name": "", "company": "Engines", "fields": {"size": "12"}},
    {"first_name": " \u2003\u00a0", "company": "Engines"},
    {"first_name": "\u202e\u2066", "company": ""},
    {"first_name": "Ada", "company": "Engines", "fields": {"size": "many", "signed": "soon"}},
    {"first_name": "{{ company }}", "company": "Engines", "fields": {"size": "5"}},
    {"first_name": "Ada", "company": "Engines", "fields": {"size": "x" * 4_097}},
    {"first_name": "Ада", "last_name": "Лавлейс", "company": "Ltd", "fields": {"signed": "2026-03-09", "size": "3"}},
    {"last_name": "Lovelace", "company": "{odd}"},
)
WORDINGS = (
    "Hi {{ first_name }} of {{ company }}",
    "Hi {{ full_name }}{% if fields %}{{ fields }}{% endif %}",
    "{Hi|Hello {{ company }}} you",
    "{% if size|number > 10 %}{{ signed|date }}{% else %}small {{ company|replace('Ltd', '') }}{% endif %}",
    "{% if not company %}you{% endif %}",
    "Nothing special",
)


@pytest.fixture
def member() -> Member:
    return make_team()


def make_mixed(member: Member, *texts: str) -> Campaign:
    campaign = make_draft(member, people=0)
    people = tuple(make_contact(member.workspace, f"m{n}@example.com", **one) for n, one in enumerate(PEOPLE))
    make_audience(campaign, make_list(member.workspace, "Mixed", people))
    Variant.objects.update(subject="Hello", body_text=texts[0])
    for place, text in enumerate(texts[1:], 2):
        step = Step.objects.create(campaign=campaign, position=place, thread=StepThread.REPLY)
        Variant.objects.create(step=step, label="A", body_text=text)
        Variant.objects.create(step=step, label="B", body_text=f"{text} {{{{ city|d('here') }}}}")
    return campaign


def held(campaign: Campaign) -> dict[str, int]:
    """Return how many steps of each contact the claim would hold, asked one by one."""
    found: dict[str, int] = {}
    for contact in audience_contacts(campaign):
        for step in plans([campaign.pk])[campaign.pk].steps:
            if isinstance(wording_of(step, step.variant_for(contact.pk), contact, US, Reader("", "")), Unfit):
                found[contact.email] = found.get(contact.email, 0) + 1
    return found


@pytest.mark.parametrize("text", WORDINGS)
def test_guard_names_exactly_those_whom_the_claim_would_hold(member: Member, text: str) -> None:
    campaign = make_mixed(member, text, f"Again: {text}")
    guard = guard_of(campaign)
    assert {one.email: len(one.lacks) for one in guard.page} == held(campaign)
    assert guard.people == len(guard.page)


def test_guard_counts_each_value_and_tells_where_it_is_used(member: Member) -> None:
    campaign = make_mixed(member, "Hi {{ first_name }} of {{ company }}", "{{ first_name }}?")
    guard = guard_of(campaign)
    assert [(gap.name, gap.people) for gap in guard.gaps] == [("first_name", 4), ("company", 1)]
    assert guard.gaps[0].places == ("step 1 A", "step 2 A", "step 2 B")
    assert (guard.gaps[0].usual, guard.unfit) == ("there", 1)
    (odd,) = [one for one in guard.page if one.email == "m5@example.com"]
    assert odd.problems[0] == "step 1 A: The message would still hold template marks."


def test_people_come_in_pages_and_by_the_value_they_lack(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = make_mixed(member, "Hi {{ first_name }} of {{ company }}")
    monkeypatch.setattr(gaps, "PAGE", 2)
    seen: list[str] = []
    after: int | None = 0
    while after is not None:
        guard = guard_of(campaign, after=after, since=0)
        assert guard.people == 5
        seen += [one.email for one in guard.page]
        after = guard.more_after
    assert seen == [f"m{n}@example.com" for n in (1, 2, 3, 5, 8)]
    assert [one.email for one in guard_of(campaign, name="company").page] == ["m3@example.com"]


def test_a_look_is_bounded_and_says_so(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = make_mixed(member, "Hi {{ first_name }}")
    monkeypatch.setattr(gaps, "MOST_LOOKED", 2)
    guard = guard_of(campaign)
    assert (guard.people, guard.until is not None) == (2, True)
    assert "At least 2 contacts would be held" in read(member, "gaps", campaign.pk)


def test_a_look_goes_on_from_where_the_last_one_ended(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = make_mixed(member, "Hi {{ first_name }} of {{ company }}")
    monkeypatch.setattr(gaps, "MOST_LOOKED", 2)
    seen: list[str] = []
    until: int | None = 0
    while until is not None:
        page = signed_in(member).get(f"{member.url('planner:gaps', campaign.pk)}?since={until}")
        guard = page.context["guard"]
        assert len(guard.page) == guard.people
        seen += [one.email for one in guard.page]
        until = guard.until
        assert until is None or f"&amp;since={until}" in page_of(page)
    assert seen == [f"m{n}@example.com" for n in (1, 2, 3, 5, 8)]


def test_whoever_lacks_something_is_looked_for_once_round_and_within_bounds(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_mixed(member, "Hi {{ company }}{% if last_name == 'x' %}!{% endif %}")
    lacking = Contact.objects.get(email="m3@example.com").pk
    last = Contact.objects.get(email="m8@example.com").pk
    for behind in (0, lacking - 1, lacking, last):
        assert next_who_lacks(campaign, behind=behind) == (lacking, True)
    monkeypatch.setattr(gaps, "MOST_LOOKED", 2)
    assert next_who_lacks(campaign, behind=lacking) == (None, False)
    Contact.objects.filter(pk=lacking).update(company="Engines")
    monkeypatch.setattr(gaps, "MOST_LOOKED", 100)
    assert next_who_lacks(campaign, behind=lacking) == (None, True)
    monkeypatch.setattr(gaps, "MOST_LOOKED", 2)
    assert "the others were not looked at" in read(member, "gaps_gate", campaign.pk)
    assert "Nobody here lacks anything" in read(member, "gaps", campaign.pk)


def test_of_a_launched_campaign_those_count_who_are_still_in_it_by_the_steps_to_come(member: Member) -> None:
    campaign = make_mixed(member, "Hi {{ last_name|d('you') }}", "{{ company }}")
    launch(member, campaign)
    assert [one.email for one in guard_of(campaign).page] == ["m3@example.com"]
    Enrollment.objects.filter(contact__email="m3@example.com").update(next_position=3)
    assert guard_of(campaign).people == 0
    Enrollment.objects.update(next_position=1, state=EnrollmentState.FINISHED, due_at=None)
    assert guard_of(campaign).people == 0


def test_nobody_is_counted_for_a_path_that_no_branch_leads_them_to(member: Member) -> None:
    campaign = make_mixed(member, "Hi {{ last_name|d('you') }}")
    Contact.objects.update(country="US", fields={})
    german, lacking = Contact.objects.filter(email__in=["m0@example.com", "m4@example.com"]).order_by("pk")
    Contact.objects.filter(pk__in=[german.pk, lacking.pk]).update(country="DE")
    Contact.objects.filter(pk=german.pk).update(fields={"anrede": "Frau"})
    first = Step.objects.get(campaign=campaign, position=1)
    germans = Path.objects.create(campaign=campaign, number=1, name="Germans")
    make_step(campaign, 101, body="Guten Tag {{ anrede }}")
    branch = make_branch(first.pk, germans, where="country is DE")
    assert [one.email for one in guard_of(campaign).page] == ["m4@example.com"]
    assert next_who_lacks(campaign, behind=0) == (lacking.pk, True)
    Branch.objects.filter(pk=branch.pk).update(where="country is nowhere (")
    assert guard_of(campaign).people == len(PEOPLE) - 1, "where nobody can tell, anything may come"
    Branch.objects.filter(pk=branch.pk).delete()
    assert guard_of(campaign).people == 0, "nothing leads there"
    make_branch(first.pk, germans, reply=ReplyClass.POSITIVE)
    assert guard_of(campaign).people == len(PEOPLE) - 1, "an answer may lead anybody there"


def test_a_wording_that_nobody_can_get_is_told_apart(member: Member) -> None:
    campaign = make_mixed(member, "Hi {{ first_name", "Well {{ company }}")
    guard = guard_of(campaign)
    assert guard.broken == ["step 1 A, line 1: This {{ is never closed."]
    assert {one.email for one in guard.page} == {"m3@example.com"}
    assert "Nobody can get these wordings" in read(member, "gaps", campaign.pk)


def test_a_mailbox_without_what_a_wording_shows_is_told(member: Member) -> None:
    campaign = make_mixed(member, "Yours, {{ sender.name }} {{ sender.signature|d('us') }}")
    Mailbox.objects.update(display_name=" ", signature="")
    assert guard_of(campaign).mailboxes == [("me@acme.example", ["sender.name"])]


def test_an_empty_audience_is_not_taken_for_one_that_lacks_nothing(member: Member) -> None:
    campaign = make_mixed(member, "Hi there")
    assert "Nobody lacks anything" in read(member, "gaps", campaign.pk)
    set_audience(campaign, [])
    assert "Nobody is in the audience yet" in read(member, "gaps", campaign.pk)


def test_a_workspace_without_the_postal_address_that_a_wording_shows_is_told(member: Member) -> None:
    campaign = make_mixed(member, "Yours, {{ sender.postal_address }}")
    assert guard_of(campaign).mailboxes == []
    Workspace.objects.update(postal_address=" ")
    assert guard_of(campaign).mailboxes == [("me@acme.example", ["sender.postal_address"])]


def test_one_click_gives_a_fallback_in_every_wording_and_nobody_is_held_any_more(member: Member) -> None:
    campaign = make_mixed(member, "Hi {{ first_name }},", "{{ first_name|upper }}?", "No name")
    assert "first_name 4 step 1 A, step 2 A, step 2 B" in read(member, "gaps", campaign.pk)
    answer = post(member, "fallback", campaign.pk, variable="first_name", words=" there ")
    assert answer.status_code == 302
    texts = set(Variant.objects.values_list("body_text", flat=True))
    assert "Hi {{ first_name|default('there') }}," in texts
    assert "{{ first_name|upper|default('there') }}?" in texts
    assert Variant.objects.filter(saved_by=member.user).count() == 3  # each has its version before, to go back to
    assert WordingVersion.objects.count() == 3
    assert [gap.name for gap in guard_of(campaign).gaps] == []
    assert guard_of(campaign).people == 1  # whose name holds template marks
    page = read(member, "gaps", campaign.pk)
    assert "m5@example.com" in page


@pytest.mark.parametrize(("name", "words"), [("first_name", "{{ x }}"), ("first_name", " "), ("frist_name", "there")])
def test_a_fallback_that_cannot_be_is_refused_with_words(member: Member, name: str, words: str) -> None:
    campaign = make_mixed(member, "Hi {{ first_name }},")
    before = list(Variant.objects.values_list("body_text", flat=True))
    assert post(member, "fallback", campaign.pk, variable=name, words=words).status_code == 302
    assert list(Variant.objects.values_list("body_text", flat=True)) == before


def test_each_wording_that_refuses_a_fallback_says_why(member: Member) -> None:
    full = "x" * (MAX_SOURCE - len("{{ company }}")) + "{{ company }}"
    campaign = make_mixed(member, full, "{% if company|number > 3 %}many{% endif %}", "{{ company", "No name")
    url = member.url("planner:fallback", campaign.pk)
    told = text_of(signed_in(member).post(url, {"variable": "company", "words": "you"}, follow=True))
    assert "Step 1 A: The text has 64,0" in told
    assert "Step 2 A: company is compared with a number there, so write a number." in told
    assert "Step 3 A: This {{ is never closed." in told
    assert "Step 4" not in told
    Variant.objects.update(body_text="No name")
    told = text_of(signed_in(member).post(url, {"variable": "company", "words": "you"}, follow=True))
    assert "Nothing was changed: no wording would show company without a fallback." in told


def test_in_a_launched_campaign_it_is_shown_first_what_a_fallback_changes(member: Member) -> None:
    campaign = make_mixed(member, "Hi {{ first_name }},")
    launch(member, campaign)
    pending = Enrollment.objects.count()
    values = {"variable": "first_name", "words": "there"}
    page = signed_in(member).post(member.url("planner:fallback", campaign.pk), values)
    assert (page.status_code, f"Save it: changes {pending} pending" in text_of(page)) == (200, True)
    assert Variant.objects.get().body_text == "Hi {{ first_name }},"
    seen = page.context["seen"]
    Variant.objects.update(subject="Another")
    assert post(member, "fallback", campaign.pk, seen=seen, **values).status_code == 302
    assert Variant.objects.get().body_text == "Hi {{ first_name }},"
    seen = signed_in(member).post(member.url("planner:fallback", campaign.pk), values).context["seen"]
    assert post(member, "fallback", campaign.pk, seen=seen, **values).status_code == 302
    assert Variant.objects.get().body_text == "Hi {{ first_name|default('there') }},"


def test_a_variable_that_nobody_has_leads_to_the_wording_and_not_to_a_fallback(member: Member) -> None:
    campaign = make_mixed(member, "Hi {{ nickname }},")
    text = read(member, "gaps", campaign.pk)
    assert "There is no such variable: mend the wording" in text
    assert "Use as fallback" not in text


def test_viewers_look_and_change_nothing(member: Member) -> None:
    campaign = make_mixed(member, "Hi {{ first_name }},")
    viewer = make_member(member.workspace, Role.VIEWER)
    assert "Use as fallback" not in read(viewer, "gaps", campaign.pk)
    assert post(viewer, "fallback", campaign.pk, variable="first_name", words="x").status_code == 403


def test_what_the_database_takes_for_blank_is_what_a_message_takes_for_blank() -> None:
    signs = [chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    blank = {sign for sign in signs if not clean_text(sign).strip()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT sign FROM unnest(%s::text[]) AS sign WHERE sign !~ %s", [signs[:0x10000], VISIBLE])
        assert {sign for (sign,) in cursor.fetchall()} == blank


def test_the_review_has_a_gate_of_its_own_for_missing_values(member: Member) -> None:
    campaign = make_mixed(member, "Hi {{ first_name }} of {{ company }}")
    text = read(member, "gaps_gate", campaign.pk)
    assert (
        "5 contacts would be held until they have what is missing: first_name (4 contacts), company (1 contact)."
        in text
    )
    assert "1 contact with a value that no message can carry." in text
    Variant.objects.update(body_text="Hi {{ first_name|d('you') }}")
    Contact.objects.filter(email="m5@example.com").delete()
    assert "Everybody has each value that a wording shows" in read(member, "gaps_gate", campaign.pk)
    page = signed_in(member).get(member.url("planner:review", campaign.pk)).content.decode()
    assert f'hx-get="{member.url("planner:gaps_gate", campaign.pk)}"' in page
