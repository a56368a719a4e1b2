"""The page of gates before a launch: each light rests on what is there, and red forbids."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.contacts.models import Contact, ContactList
from campaigns.contacts.services import Weighing, weigh_interest
from campaigns.contacts.states import LegalBasis, Subscribers
from campaigns.sequences.models import Campaign, Variant
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.domains.judging.findings import Standing
from sending.domains.models import WatchedDomain
from sending.domains.states import KeyState
from sending.domains.watching import GRACE
from sending.mailboxes.models import ConnectionTest, Mailbox, MailboxClock
from sending.planner.errors import NotReady
from sending.planner.lawful.grounds import lawful
from sending.planner.lawful.law import Against, Asked, Clause, Duty, Need, Rule, country_of_domain, rule_of, rules
from sending.planner.lawful.stating import state_ground
from sending.planner.models import CampaignGround
from sending.planner.review import Review, review_of
from sending.planner.review.lights import Light
from sending.planner.services import launch
from tests.builders import make_domain_key, make_import, make_member
from tests.sending.planner.pages import make_draft, post, read, save, signed_in, text_of
from tests.sending.planner.stage import make_team

pytestmark = pytest.mark.django_db

HONEST = """Hi {{ first_name }},

I found you on the list of exhibitors. If you would rather not hear from me, tell me.

Acme, 1 Main Street, Springfield
"""


@pytest.fixture
def member() -> Member:
    return make_team()


@pytest.fixture
def campaign(member: Member) -> Campaign:
    return make_draft(member)


def lights(campaign: Campaign) -> dict[str, Light]:
    return {one.code: one.light for one in review_of(campaign).gates}


def words(review: Review, code: str, light: Light) -> str:
    (gate,) = (one for one in review.gates if one.code == code)
    return " | ".join(one.words for one in gate.evidence if one.light is light)


def make_spotless(member: Member, campaign: Campaign) -> None:
    """Mend everything that a fresh draft leaves to be looked at."""
    Variant.objects.update(body_text=HONEST)
    Contact.objects.update(country="US", verdict="valid")
    Mailbox.objects.update(daily_limit=30)
    make_domain_key(member.workspace, "acme.example", state=KeyState.SIGNING, checked_at=campaign.created_at)


def test_every_gate_is_green_where_all_is_in_order(member: Member, campaign: Campaign) -> None:
    make_spotless(member, campaign)
    review = review_of(campaign)
    assert {one.code: one.light for one in review.gates} == dict.fromkeys(
        ("audience", "content", "law", "senders", "schedule"), Light.GREEN
    )
    assert (review.reds, review.ambers, review.size) == (0, 0, 2)
    told = read(member, "review", campaign.pk)
    assert "5 gates are green. “Values” and “Forecast” take longer to find out: they follow below" in told
    Variant.objects.update(body_text=HONEST.replace("1 Main Street, Springfield", "{{ sender.postal_address }}"))
    assert "The postal address stands in each message" in words(review_of(campaign), "law", Light.GREEN)
    Variant.objects.update(body_text=HONEST.replace("1 Main Street, Springfield", ""))
    told = words(review_of(campaign), "law", Light.GREEN)
    assert "in a line below step 1 A, where it would be missing: 1 Main Street, Springfield." in told
    assert launch(member, campaign) == 2


def test_what_is_worth_a_look_is_amber_and_does_not_forbid(member: Member, campaign: Campaign) -> None:
    review = review_of(campaign)
    assert lights(campaign) == {
        "audience": Light.AMBER, "content": Light.GREEN, "law": Light.AMBER, "senders": Light.AMBER,
        "schedule": Light.GREEN,
    }  # fmt: skip
    assert "2 addresses of them never checked" in words(review, "audience", Light.AMBER)
    told = words(review, "law", Light.AMBER)
    assert "of no known country" in told
    assert "how to opt out: below step 1 A there stands a line with a link, in English" in words(
        review, "law", Light.GREEN
    )
    assert "nothing is known of SPF, DKIM and DMARC" in words(review, "senders", Light.AMBER)
    assert "Nothing stands in the way; 3 gates are worth a look" in read(member, "review", campaign.pk)
    assert launch(member, campaign) == 2


def test_the_law_is_asked_of_each_part_and_of_each_choice(member: Member, campaign: Campaign) -> None:
    make_spotless(member, campaign)
    Variant.objects.update(body_html="<p>Good day. I found you on the list of exhibitors.</p>")
    assert "in a line below step 1 A (the HTML)" in words(review_of(campaign), "law", Light.GREEN)
    assert "below step 1 A (the HTML) there stands a line with a link, in English" in words(
        review_of(campaign), "law", Light.GREEN
    )
    Variant.objects.update(body_html=f"<p>{HONEST}</p>")
    assert lights(campaign)["law"] is Light.GREEN
    Variant.objects.update(body_html="", body_text=f"{{% if company %}}{HONEST}{{% endif %}}")
    assert "in a line below step 1 A, where" in words(review_of(campaign), "law", Light.GREEN)
    assert "how to opt out: below step 1 A there stands a line" in words(review_of(campaign), "law", Light.GREEN)


def test_an_obstacle_makes_its_gate_red_and_leads_to_its_way_out(member: Member, campaign: Campaign) -> None:
    make_spotless(member, campaign)
    Workspace.objects.update(postal_address="")
    Variant.objects.update(weight=0)
    assert lights(campaign) == {
        "audience": Light.GREEN, "content": Light.RED, "law": Light.RED, "senders": Light.GREEN,
        "schedule": Light.GREEN,
    }  # fmt: skip
    text = read(member, "review", campaign.pk)
    assert "2 gates stop the launch" in text
    assert "Step 1 has no wording with a share above 0. Give one wording a weight." in text


def test_people_of_a_country_that_needs_consent_forbid_until_it_is_stated(member: Member, campaign: Campaign) -> None:
    make_spotless(member, campaign)
    Contact.objects.filter(email="p0@example.com").update(country="DE")
    assert "1 person in Germany, 1 of them without a ground on record" in words(review_of(campaign), "law", Light.RED)
    with pytest.raises(NotReady, match="1 person in Germany without consent on record: UWG"):
        launch(member, campaign)
    answer = save(member, "ground", campaign.pk, basis="consent", words="  Forms of the fair, folder 7.  ")
    assert answer.status_code == 302
    assert CampaignGround.objects.values_list("basis", "words", "stated_by").get() == (
        "consent", "Forms of the fair, folder 7.", member.user.email,
    )  # fmt: skip
    told = words(review_of(campaign), "law", Light.GREEN)
    assert f"They agreed to be written to, stated by {member.user.email}: Forms of the fair, folder 7." in told
    assert "1 person in Germany: the ground is on record. UWG, section 7 (2) no. 2." in told
    assert launch(member, campaign) == 2


def test_a_consent_that_came_with_the_import_is_enough_and_an_interest_is_not(
    member: Member, campaign: Campaign
) -> None:
    given = make_import(member.workspace, legal_basis=LegalBasis.CONSENT)
    weighed = make_import(member.workspace, "b.csv", legal_basis=LegalBasis.INTEREST)
    Contact.objects.update(country="AT", origin=weighed)
    Contact.objects.filter(email="p0@example.com").update(origin=given)
    (austria,) = lawful(campaign).countries
    assert (austria.people, austria.lacking) == (2, 1)
    Contact.objects.update(country="FR")
    (france,) = lawful(campaign).countries
    assert (france.people, france.lacking) == (2, 0)


def test_whose_country_nobody_knows_is_told_as_if_in_europe(member: Member, campaign: Campaign) -> None:
    make_spotless(member, campaign)
    Variant.objects.update(body_text="Good day. Write no more? Tell me.\n1 Main Street, Springfield")
    assert "no known country" not in words(review_of(campaign), "law", Light.AMBER)
    Contact.objects.update(country="")
    Contact.objects.filter(email="p0@example.com").update(origin=make_import(member.workspace, source="The fair"))
    assert "tells 1 person where their address is from" in words(review_of(campaign), "law", Light.GREEN)
    told = words(review_of(campaign), "law", Light.AMBER)
    assert "1 person of no known country would not be told where you have their address from" in told
    Contact.objects.update(country="US")
    assert "where you have their address from" not in words(review_of(campaign), "law", Light.AMBER)


def test_the_people_of_europe_are_told_where_their_address_comes_from(member: Member, campaign: Campaign) -> None:
    make_spotless(member, campaign)
    Contact.objects.update(country="GB", origin=make_import(member.workspace, subscribers=Subscribers.COMPANIES))
    state_ground(member, campaign, LegalBasis.INTEREST, "They exhibit what we sell; see the assessment of May.")
    told = words(review_of(campaign), "law", Light.RED)
    assert "2 people in the United Kingdom on no other ground than a legitimate interest" in told
    leads, until = ContactList.objects.get(), clock.now().date() + timedelta(days=30)
    weigh_interest(member, leads, Weighing("We sell tea.", "Names only.", "They expect it.", until))
    assert lights(campaign)["law"] is Light.GREEN
    Variant.objects.update(body_text=HONEST.replace("I found you on the list of exhibitors. ", ""))
    told = words(review_of(campaign), "law", Light.AMBER)
    assert "2 people in the United Kingdom would not be told where you have their address from" in told
    assert "UK GDPR, article 14 (2) (f) and (3) (b)" in told
    exhibitors = make_import(member.workspace, source="Exhibitors of May", subscribers=Subscribers.COMPANIES)
    Contact.objects.update(origin=exhibitors)
    told = words(review_of(campaign), "law", Light.GREEN)
    assert "A line below step 1 A tells 2 people where their address is from, as their import says." in told
    assert lights(campaign)["law"] is Light.GREEN


def test_a_ground_is_explained_taken_back_and_stated_by_members_only(member: Member, campaign: Campaign) -> None:
    answer = save(member, "ground", campaign.pk, basis="interest", words=" ")
    assert answer.status_code == 422
    assert "who asks later needs an answer" in text_of(answer)
    state_ground(member, campaign, LegalBasis.CONSENT, "Yes")
    assert save(member, "ground", campaign.pk, basis="unstated").status_code == 302
    assert not CampaignGround.objects.exists()
    viewer = make_member(member.workspace, Role.VIEWER)
    assert post(viewer, "ground", campaign.pk, basis="consent", words="x").status_code == 403
    assert "Save the ground" not in read(viewer, "ground", campaign.pk)


def test_the_invented_people_of_a_sandbox_need_no_consent(member: Member, campaign: Campaign) -> None:
    Contact.objects.update(country="DE")
    Workspace.objects.update(time_scale=60)
    assert "invented" in words(review_of(campaign), "law", Light.GREEN)
    assert launch(member, campaign) == 2


@pytest.mark.parametrize(
    ("domain", "country"),
    [("a.de", "DE"), ("a.co.uk", "GB"), ("a.eu", "EU"), ("a.com", ""), ("a.io", ""), ("a.us", ""), ("de", "DE")],
)
def test_an_address_tells_the_country_where_its_domain_does(domain: str, country: str) -> None:
    assert country_of_domain(domain) == country


def test_each_rule_of_the_table_has_its_source_and_no_country_has_two() -> None:
    codes = [code for rule in rules() for code in rule.countries]
    assert len(codes) == len(set(codes))
    need_of = {code: rule.need for code in codes if (rule := rule_of(code))}
    assert (need_of["DE"], need_of["CA"], need_of["GB"], need_of["FR"], need_of["US"]) == (
        Need.CONSENT, Need.CONSENT, Need.NOTICE, Need.NOTICE, Need.IDENTITY,
    )  # fmt: skip


def test_each_row_of_the_table_says_where_it_is_from_what_it_asks_and_beside_what_it_was_read() -> None:
    for rule in rules():
        assert rule.duties[Duty.OPT_OUT], "every law of the table asks for a way out"
        rows: list[Rule | Asked] = [rule, *rule.duties.values()]
        for row in rows:
            assert row.source.startswith("https://")
            assert row.law
            assert row.says.endswith(".")
            assert date(2026, 11, 27) <= row.checked.on <= timezone.localdate()
            assert row.checked.against in set(Against)
        places: list[Clause] = [
            *(term for term in rule.terms if term.law),
            *(one.room for one in rule.duties.values() if one.room),
        ]
        assert all(place.source.startswith("https://") and place.says.endswith(".") for place in places)


def test_the_page_of_laws_says_how_far_each_was_checked(member: Member) -> None:
    page = text_of(signed_in(member).get(member.url("planner:law")))
    assert "nobody has opened the links" in page
    assert "UWG, section 7 (2) no. 2: on 27 November 2026 beside the words of the law, in a copy" in page
    assert "What counts is on record with the import: a consent." in page, "Polish law spares no customers"


def test_what_is_known_of_a_sender_decides_about_its_light(member: Member, campaign: Campaign) -> None:
    make_spotless(member, campaign)
    mailbox = Mailbox.objects.get()
    ConnectionTest.objects.create(mailbox=mailbox, protocol="mail", recipient="me@acme.example", passed=True)
    assert "The last test mail of me@acme.example was taken" in words(review_of(campaign), "senders", Light.GREEN)
    ConnectionTest.objects.create(
        mailbox=mailbox, protocol="mail", recipient="me@acme.example", passed=False, what="Refused: 550 no"
    )
    MailboxClock.objects.update(health=40)
    member.workspace.domain_keys.update(state=KeyState.MISSING, found="There is no record.")
    told = words(review_of(campaign), "senders", Light.AMBER)
    for part in (
        "failed: Refused: 550 no",
        "at 40 % of its health",
        "signs nothing, since its record is not in the DNS",
    ):
        assert part in told, part


def test_a_signing_key_that_nobody_can_open_forbids_the_launch(member: Member, campaign: Campaign) -> None:
    make_domain_key(
        member.workspace, "acme.example", state=KeyState.SIGNING, checked_at=campaign.created_at, private_key=b"x"
    )
    assert "cannot be opened" in words(review_of(campaign), "senders", Light.RED)
    with pytest.raises(NotReady, match="cannot be opened"):
        launch(member, campaign)


def test_a_domain_that_receivers_do_not_believe_is_told_and_stops_a_launch_that_would_send_nothing(
    member: Member, campaign: Campaign
) -> None:
    since = campaign.created_at
    row = WatchedDomain.objects.create(
        workspace=member.workspace, domain="acme.example", standing=Standing.BAD, failing_since=since,
        failing_words="acme.example has no SPF record.",
    )  # fmt: skip
    assert "has no SPF record" in words(review_of(campaign), "senders", Light.AMBER)
    WatchedDomain.objects.filter(pk=row.pk).update(failing_since=since - GRACE)
    assert "write to no strangers" in words(review_of(campaign), "senders", Light.RED)


def test_the_review_costs_as_many_queries_with_many_people_as_with_few(member: Member) -> None:
    counts = []
    for team, people in ((member, 1), (make_team("other"), 40)):
        campaign = make_draft(team, people=people)
        client, url = signed_in(team), team.url("planner:review", campaign.pk)
        client.get(url)
        with CaptureQueriesContext(connection) as seen:
            client.get(url)
        counts.append(len(seen))
    assert counts[0] == counts[1] < 45
