"""The law is asked again behind the launch: of whom it enrolled, of who comes later, of a ground that is taken back."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.contacts.models import Contact, ContactList, ListMember
from campaigns.contacts.states import LegalBasis
from campaigns.sequences import services as sequences
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.planner.errors import NotReady
from sending.planner.lawful.grounds import state_ground
from sending.planner.models import CampaignGround, Enrollment
from sending.planner.review.readiness import stalls
from sending.planner.services import enroll_audience, grow_audiences, launch
from tests.builders import make_contact, make_import
from tests.sending.planner.pages import make_draft, post, signed_in, text_of
from tests.sending.planner.stage import make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def campaign(member: Member) -> Campaign:
    campaign = make_draft(member)
    Contact.objects.update(country="US")
    return campaign


def add(campaign: Campaign, email: str, **values: Any) -> Contact:
    contact = make_contact(campaign.workspace, email, **values)
    ListMember.objects.create(contact_list=ContactList.objects.get(name="Leads"), contact=contact)
    return contact


def grow(member: Member, campaign: Campaign) -> Campaign:
    launch(member, campaign)
    sequences.let_grow(campaign, grows=True)
    campaign.refresh_from_db()
    return campaign


def test_growth_enrolls_whom_the_law_allows_and_tells_who_waits_for_what(member: Member, campaign: Campaign) -> None:
    grow(member, campaign)
    given = make_import(member.workspace, legal_basis=LegalBasis.CONSENT)
    add(campaign, "late@firma.de")
    add(campaign, "chef@firma.com", country="AT")
    add(campaign, "yes@firma.de", origin=given)
    add(campaign, "hello@firm.co.uk")
    assert grow_audiences() == 2
    late = Enrollment.objects.order_by("-pk")[:2].values_list("contact__email", flat=True)
    assert set(late) == {"yes@firma.de", "hello@firm.co.uk"}
    assert Event.objects.get(kind=EventKind.ENROLLED).said == "2 came into the audience."
    words = Event.objects.get(kind=EventKind.GROWTH_HELD).said
    assert words.startswith("Left out of its growth: 1 person in Austria without consent on record")
    assert "1 person in Germany without consent on record" in words
    assert [one.words.split(" without")[0] for one in stalls(campaign)] == [
        "1 person in Austria",
        "1 person in Germany",
    ]
    assert grow_audiences() == 0
    state_ground(member, campaign, LegalBasis.CONSENT, "Forms of the fair.")
    assert (grow_audiences(), stalls(campaign)) == (2, ())


def test_why_a_growth_enrolls_nobody_is_told_when_it_changes_and_not_at_each_look(
    member: Member, campaign: Campaign
) -> None:
    grow(member, campaign)

    def told() -> list[str]:
        return [one.said for one in Event.objects.filter(kind=EventKind.GROWTH_HELD).order_by("id")]

    grow_audiences()
    assert told() == []
    add(campaign, "late@firma.de")
    for _ in range(3):
        assert grow_audiences() == 0
    add(campaign, "later@firma.de")
    assert grow_audiences() == 0, "one more of them is no other reason"
    assert [words.split(" without")[0] for words in told()] == ["Left out of its growth: 1 person in Germany"]
    add(campaign, "chef@firma.com", country="AT")
    grow_audiences()
    (another,) = told()[1:]
    assert "2 people in Germany" in another
    assert "1 person in Austria" in another
    state_ground(member, campaign, LegalBasis.CONSENT, "Forms of the fair.")
    assert (grow_audiences(), grow_audiences()) == (3, 0)
    assert told()[2:] == ["Nobody is left out of its growth any more."]


def test_who_states_a_ground_or_takes_it_back_stands_in_the_story_with_what_was_before(
    member: Member, campaign: Campaign
) -> None:
    def said() -> list[str]:
        return [one.said for one in Event.objects.filter(kind=EventKind.GROUND_STATED).order_by("id")]

    me = member.user.email
    state_ground(member, campaign, LegalBasis.INTEREST, "They exhibit.")
    state_ground(member, campaign, LegalBasis.INTEREST, "They exhibit.")
    interest = "Legitimate interest, weighed against theirs (“They exhibit.”)"
    assert said() == [f"{me} has stated the ground: {interest}. Before: Not stated."]
    answer = post(member, "ground", campaign.pk, basis="contract", words="Customers.")
    assert answer.status_code == 302
    contract = "They are customers, or asked to become so (“Customers.”)"
    assert said()[1:] == [f"{me} has stated the ground: {contract}. Before: {interest}."]
    event = Event.objects.order_by("-id")[0]
    assert (event.campaign_id, event.data["before"]["basis"], event.data["after"]["words"]) == (
        campaign.pk,
        "interest",
        "Customers.",
    )
    state_ground(member, campaign, LegalBasis.UNSTATED, "")
    assert said()[2:] == [f"{me} has stated the ground: Not stated. Before: {contract}."]
    page = text_of(signed_in(member).get(member.url("reports:results", campaign.pk)))
    assert f"Ground to write {said()[2]}" in page


def test_a_launch_judges_whom_it_has_enrolled(
    member: Member, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enroll_with_one_more(asked: Campaign) -> int:
        add(asked, "late@firma.de")  # comes in between the look at the audience and the statement
        return enroll_audience(asked)

    monkeypatch.setattr("sending.planner.services.running.enroll_audience", enroll_with_one_more)
    with pytest.raises(NotReady, match="1 person in Germany without consent"):
        launch(member, campaign)
    assert not Enrollment.objects.exists()


def test_a_ground_that_people_need_is_not_taken_back_while_they_are_written_to(
    member: Member, campaign: Campaign
) -> None:
    Contact.objects.update(country="DE")
    state_ground(member, campaign, LegalBasis.CONSENT, "Yes")
    launch(member, campaign)
    for basis in (LegalBasis.UNSTATED, LegalBasis.INTEREST):
        with pytest.raises(NotReady, match="2 people in Germany without consent"):
            state_ground(member, campaign, basis, "They exhibit.")
    answer = post(member, "ground", campaign.pk, basis="unstated")
    assert answer.status_code == 422
    assert "the campaign goes on writing to them. 2 people in Germany" in text_of(answer)
    assert CampaignGround.objects.get().basis == LegalBasis.CONSENT
    state_ground(member, campaign, LegalBasis.CONTRACT, "Customers.")
    Enrollment.objects.update(state="finished", due_at=None)
    state_ground(member, campaign, LegalBasis.UNSTATED, "")
    assert not CampaignGround.objects.exists()
