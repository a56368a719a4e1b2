"""What became of messages tells which domains take mail for any address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from campaigns.contacts.core.catch_all import Experience
from campaigns.contacts.core.mail_domains import DomainReason, DomainVerdict
from campaigns.contacts.models import Contact, DomainRecord, MailDomain
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.planner.progress.learning import learn_from_outcomes, met_by
from sending.planner.states import EnrollmentState
from tests.builders import make_campaign, make_contact, make_enrollment, make_suppression
from tests.sending.planner.stage import DAY, database_time, make_team

pytestmark = pytest.mark.django_db
BOUNCED = {"state": EnrollmentState.STOPPED, "stop_reason": "bounced", "due_at": None}


def write_to(campaign: Campaign, domain: str, count: int, *, bounced: int = 0, ago: timedelta = 5 * DAY) -> None:
    """Make so many people at the domain who got a message; the first of them do not exist."""
    now = database_time()
    for number in range(count):
        contact = make_contact(campaign.workspace, f"p{number}@{domain}", verdict="valid")
        ending: dict[str, Any] = BOUNCED if number < bounced else {}
        make_enrollment(campaign, contact, begun_at=now - ago, last_sent_at=now - ago, **ending)


def know(*domains: str) -> None:
    now = database_time()
    for domain in domains:
        MailDomain.objects.create(
            domain=domain, verdict=DomainVerdict.MAIL, reason=DomainReason.MX, hosts=["mx.test"],
            checked_at=now, since=now, look_at=now + 30 * DAY,
        )  # fmt: skip


def verdicts_at(domain: str) -> set[str]:
    return set(Contact.objects.filter(domain=domain).values_list("verdict", flat=True))


@pytest.fixture
def team() -> Member:
    return make_team()


def test_a_domain_that_never_refuses_takes_any_until_it_refuses_one(team: Member) -> None:
    campaign = make_campaign(team.workspace)
    know("silent.test", "telling.test", "few.test")
    write_to(campaign, "silent.test", 20)
    write_to(campaign, "telling.test", 20, bounced=2)
    write_to(campaign, "few.test", 4)
    assert learn_from_outcomes() == 1
    assert verdicts_at("silent.test") == {"catch_all"}
    assert verdicts_at("telling.test") == verdicts_at("few.test") == {"valid"}
    assert learn_from_outcomes() == 0

    fifth = Contact.objects.filter(domain="silent.test")[4]
    fifth.enrollments.update(**BOUNCED)
    assert learn_from_outcomes() == 1
    assert verdicts_at("silent.test") == {"valid"}


def test_only_what_had_the_time_to_bounce_counts_each_address_once_and_no_free_provider(team: Member) -> None:
    campaign, other = make_campaign(team.workspace), make_campaign(team.workspace)
    write_to(campaign, "acme.test", 3)
    write_to(campaign, "fresh.test", 3, ago=timedelta(hours=30))
    write_to(campaign, "old.test", 3, ago=400 * DAY)
    write_to(campaign, "gmail.com", 3)
    now = database_time()
    for contact in Contact.objects.filter(domain="acme.test"):
        make_enrollment(other, contact, begun_at=now - 4 * DAY, last_sent_at=now - 4 * DAY)
    assert met_by(team.workspace.pk) == {"acme.test": Experience(3, 0)}
    assert met_by(make_team("other").workspace.pk) == {}


def test_an_address_that_was_refused_counts_though_nothing_was_sent_or_it_bounced_behind_the_end(team: Member) -> None:
    campaign = make_campaign(team.workspace)
    write_to(campaign, "acme.test", 6)
    refused, bounced, suppressed, skipped = Contact.objects.filter(domain="acme.test").order_by("pk")[:4]
    refused.enrollments.update(**BOUNCED, last_sent_at=None)  # at RCPT: there was no message
    over = {"state": EnrollmentState.FINISHED, "due_at": None}
    bounced.enrollments.update(**over)
    kind, at = EventKind.BOUNCED_HARD, database_time()
    record([Entry(team.workspace.pk, kind, at, campaign_id=campaign.pk, contact_id=bounced.pk)])
    suppressed.enrollments.update(**over)
    make_suppression(team.workspace, "p2@acme.test", reason="no_such_address")
    skipped.enrollments.update(state=EnrollmentState.SKIPPED, stop_reason="suppressed", due_at=None, last_sent_at=None)
    assert met_by(team.workspace.pk) == {"acme.test": Experience(5, 3)}


def test_what_is_not_counted_any_more_is_forgotten_and_the_verdicts_follow(team: Member) -> None:
    campaign = make_campaign(team.workspace)
    know("silent.test")
    write_to(campaign, "silent.test", 20)
    learn_from_outcomes()
    assert DomainRecord.objects.get().takes_any
    campaign.enrollments.update(begun_at=database_time() - 500 * DAY)
    assert learn_from_outcomes() == 1
    assert not DomainRecord.objects.exists()
    assert verdicts_at("silent.test") == {"valid"}


def test_the_page_of_a_contact_says_what_was_met_at_the_domain(team: Member) -> None:
    campaign = make_campaign(team.workspace)
    know("silent.test")
    write_to(campaign, "silent.test", 20)
    learn_from_outcomes()
    client = Client()
    client.force_login(team.user)
    page = client.get(team.url("contacts:detail", Contact.objects.get(email_key="p0@silent.test").pk)).text
    assert "silent.test has refused none of 20 addresses that were written to" in page
    assert "Takes any address" in page
