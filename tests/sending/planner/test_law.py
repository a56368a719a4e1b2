"""The law is asked again behind the launch: of whom it enrolled, of who comes later, of a ground that is taken back."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.contacts import services as contacts
from campaigns.contacts.models import Contact, ContactList, ListMember
from campaigns.contacts.states import LegalBasis, Subscribers
from campaigns.sequences import services as sequences
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.pacing import HoldCode, Pace
from sending.planner.claim.consents import Addressed, Consents
from sending.planner.errors import NotReady
from sending.planner.explain.present import present_of
from sending.planner.forecast.foresight import foresee
from sending.planner.lawful.grounds import Whom, law_obstacles
from sending.planner.lawful.stating import state_ground
from sending.planner.lawful.traced import may_be_followed
from sending.planner.models import CampaignGround, Enrollment
from sending.planner.review.readiness import stalls
from sending.planner.services import enroll_audience, grow_audiences, launch
from tests.builders import make_contact, make_import, make_running_campaign
from tests.sending.planner.pages import make_draft, save, signed_in, text_of
from tests.sending.planner.stage import (
    database_time,
    emails,
    make_empty_campaign,
    make_sender,
    make_team,
    make_waiting,
    pick,
)

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
    add(campaign, "hello@firm.co.uk", origin=make_import(member.workspace, subscribers=Subscribers.COMPANIES))
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
    answer = save(member, "ground", campaign.pk, basis="contract", words="Customers.")
    assert answer.status_code == 302
    contract = "They are customers, or asked to become so (“Customers.”)"
    covers = "As a consent, where a law asks for one, it stands for the 2 people of now."
    assert said()[1:] == [f"{me} has stated the ground: {contract}. Before: {interest}. {covers}"]
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
    answer = save(member, "ground", campaign.pk, basis="unstated")
    assert answer.status_code == 422
    assert "the campaign goes on writing to them. 2 people in Germany" in text_of(answer)
    assert CampaignGround.objects.get().basis == LegalBasis.CONSENT
    state_ground(member, campaign, LegalBasis.CONTRACT, "Customers.")
    Enrollment.objects.update(state="finished", due_at=None)
    state_ground(member, campaign, LegalBasis.UNSTATED, "")
    assert not CampaignGround.objects.exists()


def test_whoever_turns_out_to_need_consent_is_held_until_it_is_on_record(member: Member) -> None:
    mailbox = make_sender(member)
    ada, bob = make_contact(member.workspace, "ada@firm.com"), make_contact(member.workspace, "bob@firm.com")
    campaign = make_running_campaign(member, (ada, bob), (mailbox,), steps=2)
    CampaignGround.objects.all().delete()
    Contact.objects.filter(pk=ada.pk).update(country="DE")  # by an edit, an import, a program: whatever made it known
    assert emails(pick(mailbox)) == ["bob@firm.com"]
    row = enrollment_of(ada)
    assert row.hold_code == HoldCode.NO_CONSENT
    assert row.hold_detail.startswith("No consent is on record, and ")
    assert row.hold_detail.endswith("needs it for people in Germany.")
    assert present_of(row, now=database_time()).binding.code == HoldCode.NO_CONSENT
    assert [one.words for one in stalls(campaign)] == [
        "1 person waits for a consent that the law of their country needs."
    ]
    assert foresee(campaign).stuck == {HoldCode.NO_CONSENT: 1}
    page = text_of(signed_in(member).get(member.url("planner:people", campaign.pk)))
    assert "1 person held: their law needs a consent that is not on record" in page
    state_ground(member, campaign, LegalBasis.CONSENT, "Forms of the fair.")
    assert emails(pick(mailbox)) == ["ada@firm.com"]
    assert stalls(campaign) == ()


def test_a_follow_up_and_a_retry_wait_for_the_consent_too(member: Member) -> None:
    mailbox = make_sender(member)
    campaign = make_empty_campaign(member, mailbox)
    ada = make_contact(member.workspace, "ada@firma.de")
    make_waiting(campaign, ada, mailbox, due_at=database_time())
    CampaignGround.objects.all().delete()
    assert not pick(mailbox)
    assert enrollment_of(ada).hold_code == HoldCode.NO_CONSENT
    Contact.objects.filter(pk=ada.pk).update(origin=make_import(member.workspace, legal_basis=LegalBasis.CONSENT))
    Enrollment.objects.update(due_at=database_time())
    assert emails(pick(mailbox)) == ["ada@firma.de"]


def test_who_is_imported_again_with_their_consent_may_be_written_to(member: Member, campaign: Campaign) -> None:
    mailbox = make_sender(member, "me@other.example")
    waiting = make_empty_campaign(member, mailbox)
    first = make_import(member.workspace, "first.csv", legal_basis=LegalBasis.INTEREST)
    ada = make_contact(member.workspace, "ada@firma.de", origin=first)
    make_waiting(waiting, ada, mailbox, due_at=database_time())
    CampaignGround.objects.filter(campaign=waiting).delete()
    assert not pick(mailbox)
    assert enrollment_of(ada).hold_code == HoldCode.NO_CONSENT
    grow(member, campaign)
    ListMember.objects.create(contact_list=ContactList.objects.get(name="Leads"), contact=ada)
    assert grow_audiences() == 0
    again = contacts.store_upload(member.workspace, "agreed.csv", [b"email\nada@firma.de\n"])
    again.legal_basis = LegalBasis.CONSENT
    contacts.confirm(again, again.mapping, None, hint=False)
    contacts.run_import(again.pk)
    assert (grow_audiences(), stalls(campaign)) == (1, ())
    Enrollment.objects.filter(campaign=waiting).update(due_at=database_time())
    assert emails(pick(mailbox)) == ["ada@firma.de"]
    assert may_be_followed([(waiting.pk, ada.pk)]) == {(waiting.pk, ada.pk)}
    again.refresh_from_db()
    contacts.undo_import(again, by=member.user, hint=False)
    assert not may_be_followed([(waiting.pk, ada.pk)]), "nothing rests on what was taken back"
    assert law_obstacles(campaign, Whom.ENROLLED)


def test_the_consent_of_people_whom_no_law_asks_about_costs_no_query(
    member: Member, django_assert_num_queries: Any
) -> None:
    people = [Addressed(member.workspace.pk, 1, pk, country, "firm.com") for pk, country in enumerate(("", "US", "FR"))]
    with django_assert_num_queries(0):
        found = Consents(people, {member.workspace.pk: Pace()})
    assert not any(found.lacking(1, pk) for pk in range(3))
    germans = [Addressed(member.workspace.pk, 1, pk, "", "firma.de") for pk in range(50)]
    with django_assert_num_queries(1):
        assert Consents(germans, {member.workspace.pk: Pace()}).lacking(1, 7)
    with django_assert_num_queries(0):
        assert not Consents(germans, {member.workspace.pk: Pace(1_000)}).lacking(1, 7), "they are invented"


def enrollment_of(contact: Contact) -> Enrollment:
    return Enrollment.objects.select_related("contact", "campaign", "mailbox", "workspace").get(contact=contact)
