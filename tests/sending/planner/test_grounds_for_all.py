"""A consent that is stated for a whole campaign: only an admin's is one, and only for whoever is there by then."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection

from campaigns.contacts.models import Contact, ContactList, ListMember
from campaigns.contacts.parts import Person
from campaigns.contacts.states import LegalBasis
from campaigns.sequences import services as sequences
from campaigns.sequences.models import AudienceSegment, Campaign
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.pacing import HoldCode, Pace
from sending.planner.claim.consents import Addressed, Consents
from sending.planner.errors import NotReady
from sending.planner.explain.present import present_of
from sending.planner.forecast.foresight import foresee
from sending.planner.lawful.consenting import is_enough
from sending.planner.lawful.grounds import Whom, consent_asked, law_obstacles, lawful
from sending.planner.lawful.stating import NO_CONSENT, state_ground
from sending.planner.lawful.traced import may_be_followed, reach_of
from sending.planner.models import CampaignGround, Enrollment, GroundCover
from sending.planner.person import PART
from sending.planner.review import review_of
from sending.planner.review.readiness import stalls
from sending.planner.services import grow_audiences, launch
from sending.planner.services.enrolling import enroll_part
from tests.builders import (
    make_audience,
    make_contact,
    make_import,
    make_list,
    make_member,
    make_running_campaign,
    make_segment,
)
from tests.sending.planner.pages import follow, make_draft, read, save, text_of
from tests.sending.planner.stage import database_time, emails, make_sender, make_team, pick

pytestmark = pytest.mark.django_db
CONSENT, CONTRACT = LegalBasis.CONSENT, LegalBasis.CONTRACT
WITHOUT_ROOM = ("DE", "AT", "IT", "ES", "PL", "DK", "CH")


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def plain(member: Member) -> Member:
    return make_member(member.workspace, Role.MEMBER)


@pytest.fixture
def campaign(member: Member) -> Campaign:
    campaign = make_draft(member)
    Contact.objects.update(country="DE")
    return campaign


def add(campaign: Campaign, email: str, **values: object) -> Contact:
    contact = make_contact(campaign.workspace, email, **values)
    ListMember.objects.create(contact_list=ContactList.objects.get(name="Leads"), contact=contact)
    return contact


def told() -> list[str]:
    return [one.said for one in Event.objects.filter(kind=EventKind.GROUND_STATED).order_by("id")]


def covered(campaign: Campaign) -> set[int]:
    rows = GroundCover.objects.filter(ground=campaign.pk).values_list("ids", flat=True)
    return {pk for ids in rows for pk in ids}


@pytest.mark.parametrize("basis", [CONSENT, CONTRACT])
def test_the_sentence_of_a_member_is_nobody_s_consent(
    member: Member, plain: Member, campaign: Campaign, basis: LegalBasis
) -> None:
    codes = [code for code in WITHOUT_ROOM if is_enough(code, {basis})]
    for code in codes[1:]:
        add(campaign, f"{code}@x.example", country=code)
    answer = save(plain, "ground", campaign.pk, basis=basis.value, words="I know them all.")
    assert answer.status_code == 302
    assert "Saved. Where a law asks for a consent, it is none" in text_of(follow(plain, answer))
    assert told()[0].endswith(NO_CONSENT)
    people = len(codes) + 1
    assert sum(one.unconsented for one in lawful(campaign).countries) == people
    with pytest.raises(NotReady) as refused:
        launch(member, campaign)
    assert [one.code for one in refused.value.obstacles] == ["no_consent"] * len(codes)
    assert "let an admin state it for whoever is in the audience now" in refused.value.obstacles[0].fix
    assert reach_of(campaign).allowed == 0
    page = read(plain, "ground", campaign.pk)
    assert "it is none: no admin has stated it" in page
    assert "only an admin can state it for all" in page
    said = " ".join(one.words for gate in review_of(campaign).gates for one in gate.evidence)
    assert "that ground is none: no admin has stated it" in said

    save(member, "ground", campaign.pk, basis=basis.value, words="I know them all.")
    assert told()[1].endswith(f"it stands for the {people} people of now.")
    assert f"it stands for {people} people of the {people} in the audience" in read(member, "ground", campaign.pk)
    assert reach_of(campaign).allowed == (people if basis is CONSENT else 0)
    assert launch(member, campaign) == people


def test_whoever_comes_later_needs_a_ground_of_their_own_also_who_was_a_contact_before(
    member: Member, campaign: Campaign
) -> None:
    known = make_contact(member.workspace, "known@firma.de")
    warm = make_contact(member.workspace, "warm@firma.de", company="")
    AudienceSegment.objects.create(campaign=campaign, segment=make_segment(member.workspace, where="company is warm"))
    state_ground(member, campaign, CONSENT, "Forms of the fair.")
    launch(member, campaign)
    sequences.let_grow(campaign, grows=True)
    campaign.refresh_from_db()
    ListMember.objects.create(contact_list=ContactList.objects.get(name="Leads"), contact=known)
    Contact.objects.filter(pk=warm.pk).update(company="warm")
    add(campaign, "new@firma.de")
    add(campaign, "agreed@firma.de", origin=make_import(member.workspace, legal_basis=CONSENT))
    assert grow_audiences() == 1
    assert Enrollment.objects.order_by("-pk")[0].contact.email == "agreed@firma.de"
    (left,) = stalls(campaign)
    assert left.words.startswith("3 people in Germany without consent on record")
    assert "it stands for 2 people of the 6 in the audience" in read(member, "ground", campaign.pk)
    said = " ".join(one.words for gate in review_of(campaign).gates for one in gate.evidence)
    assert "4 people are left out, who came later" in said

    before = len(told())
    state_ground(member, campaign, CONSENT, "Forms of the fair.")
    assert len(told()) == before + 1, "the same words are said of more people"
    assert (grow_audiences(), stalls(campaign)) == (3, ())
    state_ground(member, campaign, CONSENT, "Forms of the fair.")
    assert len(told()) == before + 1, "of nobody else"


def test_other_lists_neither_widen_nor_end_it(member: Member, campaign: Campaign) -> None:
    late = make_contact(member.workspace, "late@firma.de")
    state_ground(member, campaign, CONSENT, "Forms of the fair.")
    make_audience(campaign, make_list(member.workspace, "More", (late,)))
    with pytest.raises(NotReady, match="1 person in Germany without consent"):
        launch(member, campaign)
    late.delete()
    assert launch(member, campaign) == 2


def test_a_claim_holds_whom_it_does_not_cover_and_says_so(member: Member, plain: Member) -> None:
    mailbox = make_sender(member)
    ada, bob = (make_contact(member.workspace, f"{name}@firma.de") for name in ("ada", "bob"))
    campaign = make_running_campaign(member, (ada, bob), (mailbox,))
    GroundCover.objects.update(ids=[ada.pk], first_id=ada.pk, last_id=ada.pk)  # as if bob had come later
    assert foresee(campaign).stuck == {HoldCode.NO_CONSENT: 1}
    assert emails(pick(mailbox)) == ["ada@firma.de"]
    row = Enrollment.objects.select_related("contact", "campaign", "mailbox", "workspace").get(contact=bob)
    assert row.hold_code == HoldCode.NO_CONSENT
    assert row.hold_detail.endswith(
        "people in Germany. What the campaign states is one if an admin states it, for those who are there then."
    )
    assert present_of(row, now=database_time()).binding.words == row.hold_detail
    assert may_be_followed([(campaign.pk, ada.pk), (campaign.pk, bob.pk)]) == {(campaign.pk, ada.pk)}
    with pytest.raises(NotReady, match="2 people in Germany without consent"):
        state_ground(plain, campaign, CONSENT, "Somebody else's word.")
    assert covered(campaign) == {ada.pk}, "a member takes no admin's word away while people need it"
    state_ground(member, campaign, CONSENT, "Forms of the fair.")
    assert emails(pick(mailbox)) == ["bob@firma.de"]


def test_a_member_s_word_in_place_of_an_admin_s_is_no_consent_any_more(
    member: Member, plain: Member, campaign: Campaign
) -> None:
    state_ground(member, campaign, CONSENT, "Forms of the fair.")
    assert not law_obstacles(campaign)
    state_ground(plain, campaign, CONSENT, "Forms of the fair of May.")
    assert law_obstacles(campaign)
    assert covered(campaign) == set()


def test_claim_review_growth_and_tracking_judge_alike(
    member: Member, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sending.planner.lawful.covering._PART", 3)
    own = [None, make_import(member.workspace, legal_basis=CONTRACT, basis_on=clock.now().date())]

    def some(name: str) -> list[Contact]:
        return [
            make_contact(member.workspace, f"{name}-{code}-{at}@x.example", country=code, origin=origin)
            for code in (*WITHOUT_ROOM, "CA", "AU", "GB", "FR", "US")
            for at, origin in enumerate(own)
        ]

    there = some("there")
    many = make_list(member.workspace, "Many", tuple(there))
    make_audience(campaign, many)
    for basis in (CONTRACT, CONSENT):
        state_ground(member, campaign, basis, "All of them.")
        assert covered(campaign) == {one.pk for one in there} | set(
            Contact.objects.filter(list_places__contact_list__name="Leads").values_list("pk", flat=True)
        )
        later = some(f"later-{basis}")
        ListMember.objects.bulk_create([ListMember(contact_list=many, contact=one) for one in later])
        people = list(Contact.objects.filter(list_places__contact_list=many))
        asked = [Addressed(member.workspace.pk, campaign.pk, one.pk, one.country, one.domain) for one in people]
        consents = Consents(asked, {member.workspace.pk: Pace()})
        barred = {one.pk for one in people if consents.lacking(campaign.pk, one.pk)}
        assert {one.pk for one in later if one.country in WITHOUT_ROOM and not one.origin} < barred
        assert not barred & {one.pk for one in there if is_enough(one.country, {basis})}
        assert sum(one.unconsented for one in lawful(campaign).countries) == len(barred)
        enroll_part(campaign, consent=consent_asked(campaign))
        enrolled = set(Enrollment.objects.values_list("contact_id", flat=True))
        assert {one.pk for one in people} - enrolled == barred
        Enrollment.objects.all().delete()
        followed = may_be_followed([(campaign.pk, one.pk) for one in Contact.objects.all()])
        assert len(followed) == reach_of(campaign).allowed
        there += later


def test_who_is_in_the_campaign_is_covered_also_off_its_lists(member: Member, campaign: Campaign) -> None:
    state_ground(member, campaign, CONSENT, "Forms of the fair.")
    launch(member, campaign)
    ListMember.objects.all().delete()
    state_ground(member, campaign, CONTRACT, "Customers by now.")
    assert len(covered(campaign)) == 2
    assert not law_obstacles(campaign, Whom.ENROLLED)


def test_it_stands_in_the_copy_of_everything_about_a_person(member: Member, campaign: Campaign) -> None:
    state_ground(member, campaign, CONSENT, "Forms of the fair.")
    late = add(campaign, "late@firma.de")

    def stated(one: Contact) -> list[object]:
        person = Person(member.workspace.pk, one.pk, one.email_key, one.email)
        (section,) = [part for part in PART.gives(person) if part.name == "Consent stated for a whole campaign"]
        return [(row["campaign__name"], row["basis"]) for row in section.rows]

    assert stated(Contact.objects.order_by("pk")[0]) == [("Autumn", "consent")]
    assert stated(late) == []


def test_what_was_stated_before_stays_true_of_those_whom_it_was_made_about(member: Member) -> None:
    mailbox, now = make_sender(member, "you@acme.example"), database_time()
    people = {name: make_contact(member.workspace, f"{name}@firma.de") for name in ("there", "grown", "new", "taken")}
    campaign = make_running_campaign(member, tuple(people.values()), (mailbox,))
    draft = make_draft(member, people=1)
    CampaignGround.objects.create(campaign=draft, basis="consent", words="Yes", stated_by="t", stated_at=now)
    hour = timedelta(hours=1)

    def at(name: str, *, contact: timedelta, enrolled: timedelta) -> None:
        Contact.objects.filter(pk=people[name].pk).update(created_at=now + contact)
        Enrollment.objects.filter(contact=people[name]).update(created_at=now + enrolled)

    CampaignGround.objects.filter(campaign=campaign).update(stated_at=now - 5 * hour)
    Campaign.objects.filter(pk=campaign.pk).update(launched_at=now - 4 * hour)
    at("there", contact=-9 * hour, enrolled=-4 * hour)
    at("grown", contact=-9 * hour, enrolled=-3 * hour)
    at("new", contact=-4.5 * hour, enrolled=-4 * hour)
    at("taken", contact=-9 * hour, enrolled=-6 * hour)
    GroundCover.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(import_module("sending.planner.migrations.0010_whom_a_ground_covers").STAYS_TRUE)
    assert covered(campaign) == {people["there"].pk, people["taken"].pk}
    assert covered(draft) == set(), "an admin states it anew before the launch"
    assert {one.contact.email for one in pick(mailbox)} == {"there@firma.de", "taken@firma.de"}
    assert law_obstacles(campaign, Whom.ENROLLED)


def test_it_costs_the_claim_no_further_query(member: Member, django_assert_num_queries: object) -> None:
    germans = [Addressed(member.workspace.pk, 1, pk, "", "firma.de") for pk in range(50)]
    with django_assert_num_queries(1):  # type: ignore[operator]
        Consents(germans, {member.workspace.pk: Pace()})


def test_the_page_of_a_running_campaign_says_why_nothing_is_changed(member: Member, plain: Member) -> None:
    campaign = make_draft(member)
    Contact.objects.update(country="DE")
    state_ground(member, campaign, CONSENT, "Forms of the fair.")
    launch(member, campaign)
    answer = save(plain, "ground", campaign.pk, basis="consent", words="My own word.")
    assert answer.status_code == 422
    assert "Nothing is changed: the campaign goes on writing to them." in text_of(answer)
