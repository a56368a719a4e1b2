"""Decisions of admins: only where the law leaves room, with a reason, for whom they were made, as long as it stands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from campaigns.contacts.models import Contact, ContactList, ListMember
from campaigns.contacts.services import Weighing, weigh_interest
from campaigns.contacts.states import LegalBasis
from campaigns.sequences.models import Campaign, Variant
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.pacing import HoldCode
from sending.planner.errors import NoRoom, NotReady
from sending.planner.lawful.grounds import lawful
from sending.planner.lawful.law import Duty, duty_of, rules, version
from sending.planner.lawful.overrides import standing
from sending.planner.lawful.overriding import override, take_back
from sending.planner.lawful.stating import state_ground
from sending.planner.models import CampaignGround, Enrollment, LawOverride
from sending.planner.review import review_of
from sending.planner.services import grow_audiences, launch
from tests.builders import make_audience, make_contact, make_import, make_list, make_member, make_running_campaign
from tests.sending.planner.pages import make_draft, post, read
from tests.sending.planner.stage import database_time, emails, make_sender, make_team, pick

pytestmark = pytest.mark.django_db
WHY = "Each of them publishes the address for offers of this kind; see folder 7."


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def campaign(member: Member) -> Campaign:
    return make_draft(member)


def told() -> list[str]:
    return [one.said for one in Event.objects.filter(kind=EventKind.LAW_OVERRIDDEN).order_by("id")]


def test_the_table_says_where_the_law_leaves_room_and_names_the_place() -> None:
    asked = [(code, duty_of(code, Duty.CONSENT)) for rule in rules() for code in rule.countries]
    rooms = {code for code, one in asked if one and one.room}
    assert rooms == {"CA", "AU", "GB"}
    for one in rules():
        for clause in one.duties.values():
            assert clause.source.startswith("https://")
            assert clause.room is None or (clause.room.law and clause.room.source.startswith("https://"))
        assert Duty.ADDRESS not in one.duties or one.duties[Duty.ADDRESS].room is None


def test_an_admin_decides_where_there_is_room_and_it_is_told_with_the_reason(
    member: Member, campaign: Campaign
) -> None:
    Contact.objects.update(country="CA")
    with pytest.raises(NotReady, match="2 people in Canada without consent"):
        launch(member, campaign)
    assert "Decide it yourself" in read(member, "review", campaign.pk)
    assert post(member, "decision", campaign.pk, duty="consent", reason=f" {WHY}\n").status_code == 302
    row = LawOverride.objects.get()
    assert (row.countries, row.reason, row.decided_by, row.version) == (["CA"], WHY, member.user.email, version())
    assert row.law == "CASL, section 10 (9) (b)"
    assert told() == [
        f"{member.user.email} has decided about the consent of 2 people in Canada: {WHY} By CASL, section 10 (9) (b)."
    ]
    page = read(member, "review", campaign.pk)
    assert WHY in page
    assert "Take it back" in page
    assert launch(member, campaign) == 2


@pytest.mark.parametrize("country", ["DE", "AT", "IT", "ES", "PL", "DK", "CH"])
def test_where_the_law_leaves_none_there_is_no_way(member: Member, campaign: Campaign, country: str) -> None:
    Contact.objects.update(country=country)
    with pytest.raises(NoRoom):
        override(member, campaign, Duty.CONSENT, WHY)
    offered = {one.duty for gate in review_of(campaign).gates for one in gate.evidence if one.room}
    assert Duty.CONSENT not in offered
    for duty in (*Duty, "everything", ""):
        post(member, "decision", campaign.pk, duty=duty, reason=WHY)
    assert not LawOverride.objects.filter(duty__in=[Duty.CONSENT, Duty.ADDRESS]).exists()
    with pytest.raises(NotReady, match="without consent on record"):
        launch(member, campaign)


def test_one_with_room_beside_one_without_lets_only_the_first_go(member: Member, campaign: Campaign) -> None:
    Contact.objects.update(country="CA")
    Contact.objects.filter(email="p0@example.com").update(country="DE")
    assert override(member, campaign, Duty.CONSENT, WHY).countries == ["CA"]
    with pytest.raises(NotReady) as refused:
        launch(member, campaign)
    (one,) = refused.value.obstacles
    assert one.words.startswith("1 person in Germany")


def test_only_admins_decide_and_only_with_a_reason(member: Member, campaign: Campaign) -> None:
    Contact.objects.update(country="CA")
    plain = make_member(member.workspace, Role.MEMBER)
    with pytest.raises(PermissionDenied):
        override(plain, campaign, Duty.CONSENT, WHY)
    assert post(plain, "decision", campaign.pk, duty="consent", reason=WHY).status_code == 403
    assert "an admin can decide" in read(plain, "review", campaign.pk)
    with pytest.raises(NoRoom, match="Say why"):
        override(member, campaign, Duty.CONSENT, " \n")
    assert not LawOverride.objects.exists()


def test_a_decision_ends_when_the_lists_change_and_covers_nobody_who_comes_later(
    member: Member, campaign: Campaign
) -> None:
    Contact.objects.update(country="CA")
    override(member, campaign, Duty.CONSENT, WHY)
    late = make_contact(member.workspace, "late@example.com", country="CA")
    ListMember.objects.create(contact_list=ContactList.objects.get(name="Leads"), contact=late)
    with pytest.raises(NotReady, match="1 person in Canada"):
        launch(member, campaign)
    late.delete()
    make_audience(campaign, make_list(member.workspace, "More", ()))
    assert standing(campaign) == {}
    with pytest.raises(NotReady, match="2 people in Canada"):
        launch(member, campaign)
    assert grow_audiences() == 0
    row = LawOverride.objects.get()
    assert row.ended_words == "The lists or segments of the campaign have changed."
    assert told()[1:] == [
        f"A decision of {member.user.email} stands no more. {row.ended_words} It was: {WHY}",
    ]
    grow_audiences()
    assert len(told()) == 2, "once"


def test_a_claim_asks_whether_the_decision_still_stands(member: Member) -> None:
    mailbox = make_sender(member)
    ada, bob = (make_contact(member.workspace, f"{name}@firm.ca") for name in ("ada", "bob"))
    campaign = make_running_campaign(member, (ada, bob), (mailbox,))
    CampaignGround.objects.all().delete()
    assert not pick(mailbox)
    override(member, campaign, Duty.CONSENT, WHY)
    Enrollment.objects.filter(contact=bob).update(due_at=database_time() + timedelta(days=1))
    assert emails(pick(mailbox)) == ["ada@firm.ca"], "it lets go whom the lack held"
    make_audience(campaign, make_list(member.workspace, "More", ()))
    Enrollment.objects.filter(contact=bob).update(due_at=database_time())
    assert not pick(mailbox)
    assert Enrollment.objects.get(contact=bob).hold_code == HoldCode.NO_CONSENT


def test_what_is_taken_back_is_told_and_not_while_people_need_it(member: Member, campaign: Campaign) -> None:
    Contact.objects.update(country="CA")
    override(member, campaign, Duty.CONSENT, WHY)
    take_back(member, campaign, Duty.CONSENT)
    assert told()[1:] == [f"{member.user.email} has taken back: {WHY}"]
    override(member, campaign, Duty.CONSENT, WHY)
    launch(member, campaign)
    with pytest.raises(NotReady, match="2 people in Canada"):
        take_back(member, campaign, Duty.CONSENT)
    assert standing(campaign)


def test_a_legitimate_interest_is_weighed_or_decided_about_before_a_launch(member: Member, campaign: Campaign) -> None:
    Contact.objects.update(country="FR", origin=make_import(member.workspace, legal_basis=LegalBasis.INTEREST))
    with pytest.raises(NotReady, match="2 people in France on no other ground than a legitimate interest"):
        launch(member, campaign)
    override(member, campaign, Duty.RECORD, "It is in our binder.")
    assert launch(member, campaign) == 2


def test_a_weighing_of_the_list_lets_them_be_written_to_and_so_does_another_ground(
    member: Member, campaign: Campaign
) -> None:
    Contact.objects.update(country="GB")
    assert lawful(campaign).countries[0].unweighed == 2, "nobody has stated a ground: only an interest could carry it"
    leads = ContactList.objects.get(name="Leads")
    until = clock.now().date() + timedelta(days=9)
    weigh_interest(member, leads, Weighing("We sell racks.", "Names only.", "They expect it.", until))
    assert lawful(campaign).countries[0].unweighed == 0
    make_audience(campaign, make_list(member.workspace, "More", (make_contact(member.workspace, "x@firm.co.uk"),)))
    assert lawful(campaign).countries[0].unweighed == 1, "their list is not weighed"
    state_ground(member, campaign, LegalBasis.CONTRACT, "Customers.")
    assert lawful(campaign).countries[0].unweighed == 0


def test_a_notice_that_people_have_already_is_decided_about_until_the_message_changes(
    member: Member, campaign: Campaign
) -> None:
    Contact.objects.update(country="FR")
    override(member, campaign, Duty.NOTICE, "They were told on the phone.")
    assert set(standing(campaign)) == {Duty.NOTICE}
    Variant.objects.update(body_text="Quite another message.")
    assert standing(campaign) == {}
