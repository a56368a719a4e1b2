"""Throttles of a workspace in real claims: over all mailboxes and workers, for retries, and on their page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import pytest
from django.test import Client

from campaigns.contacts.core.verdicts import AddressVerdict
from campaigns.contacts.models import Contact, DomainRecord
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from sending.mailboxes.models import Mailbox, MailboxClock, Spending
from sending.mailboxes.states import MailboxState
from sending.outbox.claims import claim
from sending.outbox.jobs import Job, Result
from sending.outbox.marks import mark
from sending.outbox.models import OutboundMessage
from sending.outbox.records import record_results
from sending.pacing import HoldCode
from sending.planner.claim.throttling import throttle_values
from sending.planner.models import Enrollment, Throttles
from sending.planner.services.limits import set_throttles
from sending.smtp import Deferred, Phase, Reply
from tests.builders import make_contact, make_member, make_running_campaign
from tests.sending.planner.pages import seen_on
from tests.sending.planner.stage import (
    DAY,
    HOUR,
    at_once,
    database_time,
    lease,
    make_empty_campaign,
    make_sender,
    make_team,
    make_waiting,
)

MINUTE = timedelta(minutes=1)


def people(member: Member, *addresses: str) -> tuple[Contact, ...]:
    return tuple(make_contact(member.workspace, address) for address in addresses)


def colleagues(member: Member, count: int, domain: str = "acme.org") -> tuple[Contact, ...]:
    return people(member, *[f"p{n}@{domain}" for n in range(count)])


def takers_of_all(member: Member, *contacts: Contact) -> None:
    """Let it be learnt that the domains of these contacts refuse nobody."""
    for one in contacts:
        DomainRecord.objects.create(
            workspace=member.workspace,
            domain=one.domain,
            written=9,
            refused=0,
            takes_any=True,
            counted_at=database_time(),
        )
        Contact.objects.filter(pk=one.pk).update(verdict=AddressVerdict.CATCH_ALL)


def claim_for(*mailboxes: Mailbox) -> list[Job]:
    return claim(lease(mailboxes), [one.pk for one in mailboxes])


def send(*mailboxes: Mailbox) -> list[str]:
    """Claim and mark; return who is written to."""
    jobs = claim_for(*mailboxes)
    assert mark(jobs) == [True] * len(jobs)
    return sorted(job.recipient for job in jobs)


def age(by: timedelta) -> None:
    """Let what was sent lie so much farther back, and everybody who is held be looked at again."""
    for row in Spending.objects.all():
        Spending.objects.filter(pk=row.pk).update(spent_at=row.spent_at - by)
    Enrollment.objects.filter(state="active").update(due_at=database_time())
    MailboxClock.objects.update(free_at=database_time())  # the clock of a test's transaction stands still


def holds() -> Counter[str]:
    return Counter(Enrollment.objects.filter(state="active").values_list("hold_code", flat=True))


@pytest.mark.django_db
class TestOneWorker:
    def test_a_domain_gets_its_share_of_an_hour_from_all_mailboxes_and_campaigns(self) -> None:
        member = make_team()
        set_throttles(member.workspace, {"domain_per_hour": 3})
        mailboxes = [make_sender(member, f"me{n}@acme.example") for n in range(2)]
        crowd = colleagues(member, 6)
        make_running_campaign(member, crowd[:3], (mailboxes[0],), name="first")
        make_running_campaign(member, crowd[3:], (mailboxes[1],), name="second")
        assert len(send(mailboxes[0])) == 3
        assert send(mailboxes[1]) == []
        held = Enrollment.objects.filter(state="active")
        assert {(row.hold_code, row.hold_detail, row.due_at) for row in held} == {
            (
                HoldCode.DOMAIN_LIMIT, "3 of 3 messages of this hour to acme.org are sent.",
                Spending.objects.order_by("spent_at")[0].spent_at + HOUR,
            )
        }  # fmt: skip
        age(HOUR + MINUTE)
        assert len(send(mailboxes[1])) == 3

    def test_within_one_claim_too(self) -> None:
        member = make_team()
        set_throttles(member.workspace, {"domain_per_hour": 2})
        mailbox = make_sender(member)
        both = (*colleagues(member, 5), *colleagues(member, 5, "globex.org"))
        make_running_campaign(member, both, (mailbox,))
        assert Counter(one.rpartition("@")[2] for one in send(mailbox)) == {"acme.org": 2, "globex.org": 2}

    def test_of_a_company_one_person_a_day_and_the_others_one_by_one(self) -> None:
        member = make_team()
        set_throttles(member.workspace, {"company_per_day": 1})
        mailbox = make_sender(member)
        crowd = (*colleagues(member, 3), *people(member, "a@gmail.com", "b@gmail.com"))
        make_running_campaign(member, crowd, (mailbox,))
        assert send(mailbox) == ["a@gmail.com", "b@gmail.com", "p0@acme.org"]
        assert holds() == {HoldCode.COMPANY_LIMIT: 2}
        age(DAY - MINUTE)
        assert send(mailbox) == []
        age(2 * MINUTE)
        assert send(mailbox) == ["p1@acme.org"]

    def test_a_provider_gets_its_share(self) -> None:
        member = make_team()
        set_throttles(member.workspace, {"google_per_hour": 1, "yahoo_per_day": 1})
        mailbox = make_sender(member)
        crowd = people(member, "a@gmail.com", "b@googlemail.com", "c@yahoo.com", "d@aol.com", "e@outlook.com")
        make_running_campaign(member, crowd, (mailbox,))
        assert send(mailbox) == ["a@gmail.com", "c@yahoo.com", "e@outlook.com"]
        assert send(mailbox) == []
        age(HOUR + MINUTE)
        assert send(mailbox) == ["b@googlemail.com"]
        assert holds() == {HoldCode.PROVIDER_LIMIT: 1}

    def test_another_workspace_does_not_count(self) -> None:
        sent: list[str] = []
        for slug in ("acme", "other"):
            member = make_team(slug)
            set_throttles(member.workspace, {"domain_per_day": 1})
            mailbox = make_sender(member, f"me@{slug}.example")
            make_running_campaign(member, colleagues(member, 2), (mailbox,))
            sent += send(mailbox)
        assert sent == ["p0@acme.org", "p0@acme.org"]

    def test_new_contacts_where_any_address_is_taken_get_a_fifth_of_a_day(self) -> None:
        member = make_team()
        set_throttles(member.workspace, {"catch_all_percent": 20})
        mailbox = make_sender(member, daily_limit=10)
        make_sender(member, "paused@acme.example", daily_limit=1_000, state=MailboxState.PAUSED)
        unsure = people(member, *[f"p{n}@taker{n}.example" for n in range(4)])
        takers_of_all(member, *unsure)
        make_running_campaign(member, (*unsure, *people(member, "a@acme.org", "b@globex.org")), (mailbox,))
        assert send(mailbox) == ["a@acme.org", "b@globex.org", "p0@taker0.example", "p1@taker1.example"]
        assert holds() == {HoldCode.CATCH_ALL_LIMIT: 2}, "for some minutes, as what is in hand may not leave"
        Spending.objects.filter(contact_id=unsure[1].pk).update(spent_at=database_time() + MINUTE)
        age(timedelta())
        assert send(mailbox) == []
        held = Enrollment.objects.filter(state="active").order_by("pk")
        words = "2 new contacts of the last 24 hours are at domains that take any address; 2 at most."
        spent = [Spending.objects.get(contact_id=one.pk).spent_at for one in unsure[:2]]
        assert [(row.hold_detail, row.due_at) for row in held] == [(words, at + DAY) for at in spent]
        age(DAY - MINUTE)
        assert send(mailbox) == []
        age(3 * MINUTE)
        assert send(mailbox) == ["p2@taker2.example", "p3@taker3.example"]

    def test_who_was_written_to_there_gets_the_follow_ups(self) -> None:
        member = make_team()
        set_throttles(member.workspace, {"catch_all_percent": 20})
        mailbox = make_sender(member, daily_limit=10)
        campaign = make_empty_campaign(member, mailbox)
        unsure = people(member, *[f"p{n}@taker{n}.example" for n in range(4)])
        takers_of_all(member, *unsure)
        for one in unsure:
            make_waiting(campaign, one, mailbox, due_at=database_time())
        assert len(send(mailbox)) == 4

    def test_a_retry_counts_and_waits_like_everybody(self) -> None:
        member = make_team()
        set_throttles(member.workspace, {"domain_per_hour": 2})
        mailbox = make_sender(member)
        make_running_campaign(member, colleagues(member, 2), (mailbox,))
        jobs = claim_for(mailbox)
        now = database_time()
        greylisted = Deferred(Phase.RCPT, Reply(450, "4.7.1", "Greylisted"))
        record_results([Result(job, greylisted, now, now) for job in jobs])
        assert Spending.objects.count() == 2, "its server was asked"
        OutboundMessage.objects.update(retry_at=now)
        assert claim_for(mailbox) == []
        waiting = OutboundMessage.objects.order_by("id")[0]
        assert waiting.reason == "2 of 2 messages of this hour to acme.org are sent."
        assert waiting.retry_at == now + HOUR
        age(HOUR + MINUTE)
        OutboundMessage.objects.update(retry_at=now)
        assert len(send(mailbox)) == 2

    def test_a_workspace_begins_with_the_usual_ones_and_a_sandbox_without(self) -> None:
        usual = Workspace.objects.create(slug="real", name="Real")
        sandbox = Workspace.objects.create(slug="sandbox", name="Sandbox", time_scale=1_440)
        assert throttle_values(usual)["company_per_day"] == 1
        assert (throttle_values(usual)["domain_per_hour"], throttle_values(usual)["domain_per_day"]) == (4, 20)
        assert throttle_values(usual)["catch_all_percent"] == 20
        assert not any(throttle_values(sandbox).values())

    def test_the_usual_ones_hold_in_a_claim(self) -> None:
        member = make_team()
        Throttles.objects.all().delete()
        mailbox = make_sender(member)
        make_running_campaign(member, colleagues(member, 4), (mailbox,))
        assert send(mailbox) == ["p0@acme.org"]

    def test_an_admin_sets_them_and_a_viewer_looks(self, client: Client) -> None:
        member = make_team()
        url = member.url("planner:throttles")
        client.force_login(member.user)
        page = client.get(url).content.decode()
        assert "Save limits" in page
        answer = client.post(url, {"company_per_day": "2", "google_per_day": "50", "seen": seen_on(client, url)})
        assert answer.status_code == 302
        values = {name: value for name, value in throttle_values(member.workspace).items() if value}
        assert values == {"company_per_day": 2, "google_per_day": 50}
        assert client.post(url, {"company_per_day": "0"}).status_code == 422
        assert throttle_values(member.workspace)["company_per_day"] == 2
        viewer = make_member(member.workspace, Role.VIEWER)
        client.force_login(viewer.user)
        assert "Save limits" not in client.get(url).content.decode()
        assert client.post(url, {"company_per_day": "9"}).status_code == 403
        assert throttle_values(member.workspace)["company_per_day"] == 2


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_never_pass_them_though_nothing_is_marked_yet() -> None:
    member = make_team()
    set_throttles(member.workspace, {"domain_per_hour": 3, "google_per_hour": 2})
    mailboxes = [make_sender(member, f"me{n}@acme.example") for n in range(3)]
    for round_ in range(4):
        google = people(member, *[f"r{round_}p{n}@gmail.com" for n in range(6)])
        crowd = (*colleagues(member, 9, f"round{round_}.org"), *google)
        make_running_campaign(member, crowd, tuple(mailboxes), name=f"round{round_}")
    owners = [lease([one]) for one in mailboxes]
    results = at_once(*[partial(claim, owner, [one.pk]) for owner, one in zip(owners, mailboxes, strict=True)])
    jobs = [job for one in results for job in _jobs(one)]
    went = Counter(job.recipient.rpartition("@")[2] for job in jobs)
    assert went == {"gmail.com": 2, **{f"round{n}.org": 3 for n in range(4)}}


def _jobs(result: object) -> Sequence[Job]:
    assert isinstance(result, list), result
    return result
