"""Addresses to which nothing can arrive, or that are nobody's own, are left out, and whoever asks is told why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.contacts.models import Contact, MailDomain
from campaigns.sequences.models import Campaign
from campaigns.sequences.services import leave_out_roles
from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.models import Mailbox, Spending
from sending.mailboxes.spending import Spent, spend
from sending.pacing import DropCode, HoldCode, looks
from sending.planner.explain.present import present_of
from sending.planner.forecast.scenes import scene_of
from sending.planner.models import Enrollment
from sending.planner.services import launch
from sending.planner.services.limits import set_throttles
from sending.planner.states import EnrollmentState, StopReason
from sending.reports.waterfall import waterfall_of
from tests.builders import make_audience, make_contact, make_list, make_running_campaign
from tests.sending.planner.pages import make_draft
from tests.sending.planner.stage import HOUR, database_time, emails, make_sender, make_team, make_waiting, pick

pytestmark = pytest.mark.django_db


def make_domain(domain: str, verdict: str, reason: str, *, provider: str = "", look_in: timedelta = HOUR) -> MailDomain:
    now = database_time()
    return MailDomain.objects.create(
        domain=domain,
        verdict=verdict,
        reason=reason,
        provider=provider,
        checked_at=now,
        since=now,
        look_at=now + look_in,
    )


def make_campaign_to(member: Member, *addresses: str) -> tuple[Campaign, Mailbox]:
    mailbox = make_sender(member)
    people = tuple(make_contact(member.workspace, one) for one in addresses)
    return make_running_campaign(member, people, (mailbox,), steps=2), mailbox


def row_of(email: str) -> Enrollment:
    rows = Enrollment.objects.select_related("contact", "campaign", "mailbox", "workspace")
    return rows.get(contact__email=email)


def test_who_cannot_get_it_or_is_nobody_in_person_is_skipped_with_the_reason_and_the_others_go_out() -> None:
    _, mailbox = make_campaign_to(
        make_team(), "ada@null.test", "bob@mailinator.com", "info@acme.test", "cy@acme.test", "di@web.test",
        "eve@silent.test",
    )  # fmt: skip
    make_domain("null.test", "no_mail", "null_mx")
    make_domain("web.test", "mail", "address")
    make_domain("silent.test", "unknown", "unanswered")
    assert set(emails(pick(mailbox))) == {"cy@acme.test", "di@web.test", "eve@silent.test"}
    skipped = Enrollment.objects.filter(state=EnrollmentState.SKIPPED).order_by("contact__email")
    assert list(skipped.values_list("contact__email", "stop_reason")) == [
        ("ada@null.test", StopReason.NO_MAIL),
        ("bob@mailinator.com", StopReason.DISPOSABLE),
        ("info@acme.test", StopReason.ROLE_ADDRESS),
    ]
    assert row_of("ada@null.test").stop_detail.startswith("null.test says that it takes no mail (a null MX record).")
    told = Event.objects.filter(kind=EventKind.SKIPPED).values_list("data__reason", flat=True)
    assert set(told) == {"no_mail", "disposable", "role_address"}


def test_a_campaign_may_write_to_role_addresses_too() -> None:
    campaign, mailbox = make_campaign_to(make_team(), "info@acme.test")
    leave_out_roles(campaign, skips=False)
    assert emails(pick(mailbox)) == ["info@acme.test"]


def test_a_domain_that_was_found_missing_once_holds_its_people_until_the_second_look() -> None:
    _, mailbox = make_campaign_to(make_team(), "ada@gone.test")
    row = make_domain("gone.test", "doubted", "no_domain")
    assert pick(mailbox) == []
    held = row_of("ada@gone.test")
    assert (held.state, held.hold_code, held.due_at) == (
        EnrollmentState.ACTIVE, HoldCode.DOMAIN_DOUBTED, row.look_at,
    )  # fmt: skip
    present = present_of(held, now=database_time())
    assert (present.binding.code, present.binding.until) == (HoldCode.DOMAIN_DOUBTED, row.look_at)
    MailDomain.objects.update(verdict="mail", reason="mx")
    Enrollment.objects.update(due_at=database_time())
    assert emails(pick(mailbox)) == ["ada@gone.test"]


def test_who_is_written_to_already_is_stopped_by_a_dead_domain_and_by_nothing_else() -> None:
    member = make_team()
    campaign, mailbox = make_campaign_to(member, "cy@acme.test")
    pick(mailbox)
    for email in ("ada@null.test", "info@acme.test", "bob@mailinator.com"):
        make_waiting(campaign, make_contact(member.workspace, email), mailbox, due_at=database_time())
    make_domain("null.test", "no_mail", "null_mx")
    assert set(emails(pick(mailbox))) == {"info@acme.test", "bob@mailinator.com"}
    stopped = row_of("ada@null.test")
    assert (stopped.state, stopped.stop_reason) == (EnrollmentState.STOPPED, StopReason.NO_MAIL)


def test_whoever_asks_why_not_is_told_before_the_claim_comes_to_it() -> None:
    make_campaign_to(make_team(), "ada@null.test", "info@acme.test")
    make_domain("null.test", "no_mail", "no_domain")
    now = database_time()
    binding = present_of(row_of("ada@null.test"), now=now).binding
    assert (binding.code, binding.until) == (DropCode.NO_MAIL, None)
    assert binding.words.startswith("The domain null.test does not exist. Looked up on ")
    assert present_of(row_of("info@acme.test"), now=now).binding.code == DropCode.ROLE_ADDRESS


def test_a_forecast_leaves_out_whom_the_claim_leaves_out() -> None:
    campaign, _ = make_campaign_to(
        make_team(), "ada@null.test", "bob@mailinator.com", "info@acme.test", "cy@acme.test", "di@gone.test"
    )
    make_domain("null.test", "no_mail", "null_mx")
    make_domain("gone.test", "doubted", "no_domain")
    scene = scene_of(campaign, now=database_time())
    assert scene.stuck == {
        DropCode.NO_MAIL: 1, DropCode.DISPOSABLE: 1, DropCode.ROLE_ADDRESS: 1, HoldCode.DOMAIN_DOUBTED: 1,
    }  # fmt: skip
    assert [one.id for one in scene.scenario.people] == [row_of("cy@acme.test").pk]


def test_the_waterfall_of_the_day_adds_up_with_those_who_were_left_out() -> None:
    campaign, mailbox = make_campaign_to(make_team(), "ada@null.test", "info@acme.test", "cy@acme.test")
    make_domain("null.test", "no_mail", "null_mx")
    pick(mailbox)
    now = database_time()
    found = waterfall_of(campaign, now.date(), now=now + timedelta(seconds=1))
    assert found.due == 3
    assert sum(row.count for row in found.rows) == 3
    assert {"no_mail", "role_address"} <= {row.cause for row in found.rows}


def test_a_claim_asks_about_the_domains_of_everybody_at_once() -> None:
    member = make_team()
    _, mailbox = make_campaign_to(member, "a@d0.test")
    people = tuple(make_contact(member.workspace, f"a@d{n}.test") for n in range(1, 20))
    make_running_campaign(member, people, (mailbox,), name="Wide")
    with CaptureQueriesContext(connection) as asked:
        assert len(pick(mailbox)) == 20
    assert len([query["sql"] for query in asked if "contacts_mail_domain" in query["sql"]]) <= len(looks.SPARES)


def test_a_launch_notes_the_provider_that_the_exchangers_have_told() -> None:
    member = make_team()
    make_domain("acme.test", "mail", "mx", provider="google")
    make_domain("gate.test", "mail", "mx", provider="mimecast")
    make_domain("null.test", "no_mail", "null_mx")
    campaign = make_draft(member, people=0)
    people = tuple(make_contact(member.workspace, one) for one in ("a@acme.test", "b@gate.test", "c@null.test"))
    make_audience(campaign, make_list(member.workspace, "Others", people))
    launch(member, campaign)
    found = dict(Enrollment.objects.values_list("contact__email", "receiver"))
    assert found == {"a@acme.test": "google", "b@gate.test": "other", "c@null.test": "other"}


def test_the_throttle_of_a_provider_counts_domains_of_ones_own_that_it_receives_for() -> None:
    member = make_team()
    make_domain("acme.test", "mail", "mx", provider="google")
    make_domain("other.test", "mail", "mx", provider="google")
    campaign, mailbox = make_campaign_to(member, "ada@acme.test", "bob@free.test")
    set_throttles(member.workspace, {"google_per_day": 1})
    before = make_contact(member.workspace, "cy@other.test")
    spend([
        Spent(
            mailbox.pk, database_time() - HOUR, is_new_lead=True, gap_s=0, day_s=86_400,
            workspace_id=member.workspace.pk, campaign_id=campaign.pk, contact_id=before.pk, domain=before.domain,
        )
    ])  # fmt: skip
    assert Spending.objects.get().receiver == "google"
    assert emails(pick(mailbox)) == ["bob@free.test"]
    assert row_of("ada@acme.test").hold_code == HoldCode.PROVIDER_LIMIT
    scene = scene_of(campaign, now=database_time())
    assert scene.scenario.known["acme.test"] == "google"


def test_a_contact_that_was_never_checked_is_written_to() -> None:
    _, mailbox = make_campaign_to(make_team(), "ada@never-asked.test")
    assert emails(pick(mailbox)) == ["ada@never-asked.test"]
    assert Contact.objects.get(email="ada@never-asked.test").verdict == ""
