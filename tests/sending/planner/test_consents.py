"""What counts as a consent in Canada and whom the United Kingdom protects: asked of one, of many, and at the launch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product

import pytest

from campaigns.contacts.core.fields import SUBSCRIBER
from campaigns.contacts.models import Contact, ContactEdit, ContactGround
from campaigns.contacts.services import edit_contact
from campaigns.contacts.states import FURTHER_GROUNDS, LegalBasis, Subscribers
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from outreach.kit import clock, statements
from sending.pacing import Pace
from sending.planner.claim.consents import Addressed, Consents
from sending.planner.errors import NotReady
from sending.planner.lawful.consenting import OnRecord, ends, why_lacking
from sending.planner.lawful.grounds import Whom, consent_asked, counted, lawful
from sending.planner.lawful.law import Duty
from sending.planner.lawful.overriding import override
from sending.planner.lawful.stating import state_ground
from sending.planner.review import review_of
from sending.planner.services import launch
from sending.planner.services.enrolling import enroll_part
from tests.builders import make_audience, make_contact, make_import, make_list
from tests.sending.planner.pages import make_draft, read, signed_in, text_of
from tests.sending.planner.stage import make_team

pytestmark = pytest.mark.django_db
PAGE = "https://fair.example/exhibitors"
TODAY = date(2026, 11, 27)
B, S = LegalBasis, Subscribers


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def campaign(member: Member) -> Campaign:
    return make_draft(member)


@pytest.mark.parametrize(
    ("code", "known", "said"),
    [
        ("CA", OnRecord(B.CONSENT), None),
        ("CA", OnRecord(B.CONTRACT, date(2024, 11, 27)), None),
        ("CA", OnRecord(B.CONTRACT, date(2024, 11, 26)), "(a) and (d) it counted until 26 November 2026."),
        ("CA", OnRecord(B.CONTRACT), "it counts for 24 months, and no day of it is on record."),
        ("CA", OnRecord(B.INQUIRY, date(2026, 5, 27)), None),
        ("CA", OnRecord(B.INQUIRY, date(2026, 5, 26)), "it counted until 26 November 2026."),
        ("CA", OnRecord(B.PUBLISHED, date(2020, 1, 1), PAGE), None),
        ("CA", OnRecord(B.PUBLISHED, None, PAGE), "counts, with its page and the day on record."),
        ("CA", OnRecord(B.PUBLISHED, date(2026, 1, 1)), "counts, with its page and the day on record."),
        ("CA", OnRecord(B.INTEREST), "section 6 needs it for people in Canada."),
        ("GB", OnRecord(B.INTEREST, subscribers=S.COMPANIES), None),
        ("GB", OnRecord(subscribers=S.COMPANIES), None),
        ("GB", OnRecord(B.CONTRACT, subscribers=S.INDIVIDUALS), None),
        ("GB", OnRecord(B.INTEREST, subscribers=S.INDIVIDUALS), "They are individuals to that law, as sole traders"),
        ("GB", OnRecord(B.INTEREST), "nobody has said that these are at some."),
        ("DE", OnRecord(B.CONTRACT), None),
        ("DE", OnRecord(B.PUBLISHED, TODAY, PAGE), "needs it for people in Germany."),
        ("DE", OnRecord(B.INQUIRY, TODAY), "needs it for people in Germany."),
        ("PL", OnRecord(B.CONSENT), None),
        ("PL", OnRecord(B.CONTRACT), "needs it for people in Poland."),
        ("FR", OnRecord(), None),
    ],
)
def test_why_somebody_may_not_be_written_to(code: str, known: OnRecord, said: str | None) -> None:
    why = why_lacking(code, known, TODAY)
    assert (said in why, why.startswith("No consent is on record")) == (True, True) if said else why == ""


@pytest.mark.parametrize("on", [date(2024, 2, 29), date(2025, 8, 31), date(2025, 12, 31), date(2026, 5, 27)])
def test_months_end_where_the_database_has_them_end(on: date) -> None:
    for months in (6, 24):
        ((found,),) = statements.run("SELECT (%s::date + make_interval(months => %s::integer))::date", [on, months])
        assert ends(on, months) == found


def everything(member: Member) -> Iterator[Contact]:
    """Make somebody for each thing that can be on record."""
    today = clock.now().date()
    days = (None, today, today - timedelta(days=200), today - timedelta(days=800))
    for basis, on, page, kind in product(LegalBasis, days, ("", PAGE), Subscribers):
        row = make_import(member.workspace, legal_basis=basis, basis_on=on, basis_page=page, subscribers=kind)
        for code in ("CA", "GB", "DE", "FR"):
            yield make_contact(member.workspace, f"{code}-{row.pk}@x.example", country=code, origin=row)


def said_of_them(member: Member) -> Iterator[Contact]:
    """Make somebody for each thing that can be said of a person, beside what their import says of all."""
    for kind, of_all in product(S, S):
        row = make_import(member.workspace, legal_basis=B.INTEREST, subscribers=of_all)
        later = make_import(member.workspace, legal_basis=B.PUBLISHED, subscribers=of_all)
        for code, with_later in product(("GB", "DE"), (False, True)):
            name = f"{code}-{kind or 'unsaid'}-{of_all or 'unsaid'}-{with_later}".lower()
            origin = None if with_later else row
            one = make_contact(member.workspace, f"{name}@x.example", country=code, origin=origin, subscriber_kind=kind)
            if with_later:
                ContactGround.objects.create(
                    contact=one, contact_import=later, basis=B.PUBLISHED, stated_at=clock.now()
                )
            yield one


def stated_later(member: Member) -> Iterator[Contact]:
    """Make somebody known by an old purchase for each thing that a later import can state."""
    today = clock.now().date()
    old = make_import(member.workspace, legal_basis=B.CONTRACT, basis_on=date(2020, 1, 1))
    for at, (basis, on) in enumerate(product(FURTHER_GROUNDS, (None, today, date(2021, 1, 1)))):
        later = make_import(member.workspace, legal_basis=basis, basis_on=on)
        for code in ("CA", "GB", "DE"):
            one = make_contact(member.workspace, f"later-{code}-{at}@x.example", country=code, origin=old)
            ContactGround.objects.create(contact=one, contact_import=later, basis=basis, stated_at=clock.now())
            yield one


def test_one_and_many_are_judged_alike(member: Member, campaign: Campaign) -> None:
    later = list(stated_later(member))
    said = list(said_of_them(member))
    people = [*everything(member), *later, *said, make_contact(member.workspace, "by-hand@firm.co.uk")]
    make_audience(campaign, make_list(member.workspace, "All of them", tuple(people)))
    asked = [Addressed(member.workspace.pk, campaign.pk, one.pk, one.country, one.domain) for one in people]
    consents = Consents(asked, {member.workspace.pk: Pace()})
    barred = {one.pk for one in people if consents.lacking(campaign.pk, one.pk)}
    assert {"by-hand@firm.co.uk"} < set(Contact.objects.filter(pk__in=barred).values_list("email", flat=True))
    assert 200 < len(barred) < len(people) - 200
    assert [one.email[6:] for one in later if one.pk in barred] == [
        f"CA-{at}@x.example" for at in (3, 5, 6, 8, 9, 10, 11)
    ], "without a day, or over, or without a page"
    free = {one.email.removesuffix("@x.example") for one in said if one.pk not in barred}
    assert free == {
        f"gb-{pair}-{with_later}" for with_later in ("false", "true")
        for pair in ("companies-unsaid", "companies-companies", "companies-individuals", "unsaid-companies")
    }, "what is said of somebody counts before what an import says of all; German law spares no companies"  # fmt: skip
    assert sum(one.unconsented for one in lawful(campaign).countries) == len(barred)
    assert sum(one.people for one in counted(campaign, Whom.AUDIENCE)) == len(people) + 2
    enroll_part(campaign, consent=consent_asked(campaign))
    enrolled = set(campaign.enrollments.values_list("contact_id", flat=True))
    assert enrolled & {one.pk for one in people} == {one.pk for one in people} - barred


def test_a_launch_says_what_counts_and_a_ground_for_all_is_enough_where_it_needs_no_day(
    member: Member, campaign: Campaign
) -> None:
    sold = make_import(member.workspace, legal_basis=B.CONTRACT, basis_on=date(2020, 1, 1))
    Contact.objects.update(country="CA", origin=sold)
    with pytest.raises(NotReady, match="2 people in Canada without consent on record: CASL"):
        launch(member, campaign)
    page = read(member, "review", campaign.pk)
    assert "a purchase or contract, for 24 months from its day; an inquiry, for 6 months from its day" in page
    state_ground(member, campaign, B.CONTRACT, "All of them are customers.")
    with pytest.raises(NotReady, match="2 people in Canada"):
        launch(member, campaign)
    state_ground(member, campaign, B.CONSENT, "All of them have signed up.")
    assert launch(member, campaign) == 2


def test_sole_traders_wait_and_an_admin_may_know_that_they_are_companies(member: Member, campaign: Campaign) -> None:
    sole = make_import(member.workspace, legal_basis=B.INTEREST, subscribers=S.INDIVIDUALS)
    Contact.objects.update(country="GB")
    Contact.objects.filter(email="p0@example.com").update(origin=sole)
    with pytest.raises(NotReady, match="2 people in the United Kingdom without consent on record: PECR 2003"):
        launch(member, campaign)
    told = " ".join(one.words for gate in review_of(campaign).gates for one in gate.evidence)
    assert "2 of them without a consent on record, nor word that they are at companies" in told
    assert override(member, campaign, Duty.CONSENT, "All are Ltd; see folder 7.").countries == ["GB"]
    (kingdom,) = lawful(campaign).countries
    assert (kingdom.people, kingdom.unconsented, kingdom.unweighed) == (2, 0, 2)


def test_who_is_said_to_be_at_a_company_may_be_written_to_and_who_is_none_waits(
    member: Member, campaign: Campaign
) -> None:
    row = make_import(member.workspace, legal_basis=B.INTEREST, subscribers=S.COMPANIES)
    Contact.objects.update(country="GB", origin=row)
    assert sum(one.unconsented for one in lawful(campaign).countries) == 0
    ada, bob = Contact.objects.filter(email__startswith="p").order_by("pk")
    edit_contact(ada, {"email": ada.email, "country": "GB", SUBSCRIBER: "Sole trader"}, {}, by=member.user)
    with pytest.raises(NotReady, match="1 person in the United Kingdom without consent"):
        launch(member, campaign)
    assert ContactEdit.objects.get().changes[SUBSCRIBER] == ["", "individuals"]
    Contact.objects.filter(pk=bob.pk).update(origin=None)
    edit_contact(bob, {"email": bob.email, "country": "GB", SUBSCRIBER: "Ltd."}, {}, by=member.user)
    (kingdom,) = lawful(campaign).countries
    assert (kingdom.people, kingdom.unconsented) == (2, 1)
    page = text_of(signed_in(member).get(member.url("contacts:detail", bob.pk)))
    assert "Company or individual At a company, or another body with a legal person of its own" in page
