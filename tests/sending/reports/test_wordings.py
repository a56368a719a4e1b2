"""Wordings against each other: who counts for which, when a comparison begins anew, what page and file tell."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.sequences import services
from campaigns.sequences.dealing import deal
from campaigns.sequences.models import Campaign, ShareChange, Variant
from campaigns.sequences.services import Text
from campaigns.sequences.states import ReplyClass
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.planner.models import Enrollment
from sending.planner.states import StopReason
from sending.reports.wordings import Trial, trials_of
from sending.trials import Verdict
from tests.builders import (
    make_campaign,
    make_contact,
    make_enrollment,
    make_inbound,
    make_mailbox,
    make_member,
    make_message,
    make_step,
    make_workspace,
)
from tests.campaigns.sequences.browser import client_of

pytestmark = pytest.mark.django_db
BEGUN = datetime(2026, 1, 5, 8, tzinfo=UTC)
MADE = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def member() -> Member:
    return make_member(make_workspace())


@pytest.fixture
def mailbox(member: Member) -> Mailbox:
    return make_mailbox(member.workspace)


@pytest.fixture
def campaign(member: Member) -> Campaign:
    """A running campaign whose first step has the wordings A and B, with a share each since BEGUN."""
    campaign = make_campaign(member.workspace, state="running", launched_at=BEGUN)
    first = make_step(campaign)
    Variant.objects.create(step=first.step, label="B", subject="Hello there", body_text="Good day")
    ShareChange.objects.update(at=BEGUN)
    return campaign


def wording(campaign: Campaign, label: str) -> Variant:
    return Variant.objects.get(step__campaign=campaign, step__position=1, label=label)


def write(campaign: Campaign, mailbox: Mailbox, label: str, number: int, *, made: datetime = MADE) -> OutboundMessage:
    contact = make_contact(campaign.workspace, f"{label}{number}@x.example".lower())
    variant = wording(campaign, label)
    message = make_message(make_enrollment(campaign, contact), variant, mailbox, at=made)
    OutboundMessage.objects.filter(pk=message.pk).update(created_at=made, wording_version=variant.version)
    return message


def answer(
    message: OutboundMessage, says: ReplyClass = ReplyClass.POSITIVE, *, after: timedelta = DAY, **said: Any
) -> None:
    """Let the recipient answer; a rule takes it for what it says, and nobody has read it."""
    columns: dict[str, Any] = {"guess": says, **said}
    make_inbound(
        message.mailbox, enrollment=message.enrollment, contact=message.contact, received_at=MADE + after, **columns
    )
    tell(message, EventKind.REPLIED, after)


def tell(message: OutboundMessage, kind: EventKind, after: timedelta = DAY) -> None:
    record(
        [
            Entry(
                workspace_id=message.workspace_id,
                kind=kind,
                at=MADE + after,
                campaign_id=message.campaign_id,
                contact_id=message.contact_id,
                enrollment_id=message.enrollment_id,
            )
        ]
    )


def only(campaign: Campaign) -> Trial:
    [trial] = trials_of(campaign)
    return trial


def test_each_person_counts_once_and_only_for_what_they_got(campaign: Campaign, mailbox: Mailbox) -> None:
    first, second = write(campaign, mailbox, "A", 1), write(campaign, mailbox, "B", 1)
    write(campaign, mailbox, "B", 2)
    answer(first)
    answer(second)
    answer(second, after=2 * DAY)
    answer(write(campaign, mailbox, "A", 2), ReplyClass.NEGATIVE)

    a, b = only(campaign).arms

    assert [(one.variant.label, one.people, one.good.hits) for one in (a, b)] == [("A", 2, 1), ("B", 2, 1)]


def test_what_a_person_says_of_an_answer_counts_before_the_guess(campaign: Campaign, mailbox: Mailbox) -> None:
    read: dict[str, Any] = {"label": ReplyClass.NEUTRAL, "labelled_at": MADE}
    answer(write(campaign, mailbox, "A", 1), **read)
    answer(write(campaign, mailbox, "A", 2), ReplyClass.NEUTRAL, label=ReplyClass.POSITIVE, labelled_at=MADE)
    answer(write(campaign, mailbox, "A", 3))

    a, _ = only(campaign).arms

    assert (a.good.hits, a.unread) == (2, 1)


def test_an_answer_to_a_later_step_counts_for_the_wording_that_opened(campaign: Campaign, mailbox: Mailbox) -> None:
    opening = write(campaign, mailbox, "B", 1)
    assert opening.enrollment is not None
    make_message(opening.enrollment, make_step(campaign, 2), mailbox, at=MADE + DAY)
    answer(opening, after=2 * DAY)

    assert [arm.good.hits for arm in only(campaign).arms] == [0, 1]


def test_an_answer_from_before_the_message_counts_for_nothing(campaign: Campaign, mailbox: Mailbox) -> None:
    answer(write(campaign, mailbox, "A", 1), after=-DAY)

    assert [arm.good.hits for arm in only(campaign).arms] == [0, 0]


def test_who_opts_out_or_complains_counts_against_the_wording_once(campaign: Campaign, mailbox: Mailbox) -> None:
    opted, complained = write(campaign, mailbox, "B", 1), write(campaign, mailbox, "B", 2)
    Enrollment.objects.filter(messages=opted).update(
        state="stopped", stop_reason=StopReason.OPTED_OUT, ended_at=MADE + DAY, due_at=None
    )
    tell(opted, EventKind.OPTED_OUT)
    tell(complained, EventKind.COMPLAINED)
    tell(write(campaign, mailbox, "A", 1), EventKind.REPLIED)

    assert [arm.objections.hits for arm in only(campaign).arms] == [0, 2]


def test_another_text_or_share_begins_another_comparison(campaign: Campaign, mailbox: Mailbox) -> None:
    answer(write(campaign, mailbox, "A", 1))
    b = wording(campaign, "B")
    services.save_variant(b, Text("Hello there", "Another day", weight=1))
    ShareChange.objects.filter(version=2).update(at=BEGUN + 5 * DAY)
    answer(write(campaign, mailbox, "B", 2, made=BEGUN + 6 * DAY), after=7 * DAY)
    services.save_variant(wording(campaign, "B"), Text("Hello there", "Another day", weight=3))
    ShareChange.objects.filter(weight=3).update(at=BEGUN + 8 * DAY)

    now, then, first = trials_of(campaign)

    assert [(one.people, one.is_over) for one in (now, then, first)] == [(0, False), (1, True), (1, True)]
    assert [arm.share for arm in now.arms] == [0.25, 0.75]
    assert [arm.good.hits for arm in then.arms] == [0, 1]
    assert [arm.good.hits for arm in first.arms] == [1, 0]


def test_what_is_sent_with_an_old_text_meanwhile_is_of_no_comparison(campaign: Campaign, mailbox: Mailbox) -> None:
    """A claim may have read the plan before a change and made its message after it."""
    message = write(campaign, mailbox, "B", 1)
    OutboundMessage.objects.filter(pk=message.pk).update(wording_version=7)

    assert only(campaign).people == 0


def test_an_edit_of_a_wording_without_a_share_changes_nothing(campaign: Campaign, mailbox: Mailbox) -> None:
    write(campaign, mailbox, "A", 1)
    idle = Variant.objects.create(
        step=wording(campaign, "A").step, label="C", subject="Hi", body_text="Good day", weight=0
    )
    services.save_variant(idle, Text("Hi", "Quite another day", weight=0))

    assert only(campaign).people == 1


def test_the_winner_is_told_and_nothing_changes_by_itself(
    campaign: Campaign, mailbox: Mailbox, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sending.trials.verdicts.FEWEST", 20)  # people are dear to make here
    for number in range(40):
        write(campaign, mailbox, "A", number)
        message = write(campaign, mailbox, "B", number)
        if number % 2:
            answer(message, after=timedelta(hours=number + 1))

    [pair] = only(campaign).pairs
    text = page(member, campaign)

    assert pair.verdict is Verdict.MORE
    assert "B brings more good answers than A." in text
    assert "Nothing changes by itself" in text
    assert list(Variant.objects.order_by("label").values_list("weight", flat=True)) == [1, 1]


def test_the_page_is_as_dear_for_many_comparisons_of_a_step_as_for_one(
    campaign: Campaign, mailbox: Mailbox, member: Member
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            page(member, campaign)
        return len(seen)

    write(campaign, mailbox, "A", 1)
    page(member, campaign)
    before = queries()
    for weight in range(2, 8):
        services.save_variant(wording(campaign, "B"), Text("Hello there", "Good day", weight=weight))

    assert queries() == before


def test_before_anything_was_sent_it_tells_what_could_be_found_out(campaign: Campaign, member: Member) -> None:
    for number in range(3):
        make_enrollment(campaign, make_contact(campaign.workspace, f"p{number}@x.example"))

    text = page(member, campaign, rate="0.05")

    assert "With 3 people, of whom 5.0 % answer well, hardly any difference would be noticed" in text
    assert "Too early to say." in text


def test_one_wording_alone_is_no_comparison(member: Member) -> None:
    campaign = make_campaign(member.workspace)
    make_step(campaign)

    assert "Nothing to compare" in page(member, campaign)


def test_the_file_lets_anybody_reckon_it_again(campaign: Campaign, mailbox: Mailbox, member: Member) -> None:
    """From the file alone: the wording that the shares deal, and the counts of the page."""
    step = wording(campaign, "A").step_id
    for number in range(12):
        contact = make_contact(campaign.workspace, f"p{number}@x.example")
        variant = wording(campaign, "AB"[deal(step, contact.pk, [1, 1])])
        message = make_message(make_enrollment(campaign, contact), variant, mailbox, at=MADE)
        OutboundMessage.objects.filter(pk=message.pk).update(created_at=MADE)
        if number % 3 == 0:
            answer(message)
        if number % 5 == 0:
            tell(message, EventKind.OPTED_OUT)

    client = client_of(member)
    response = client.get(member.url("reports:wordings_file", campaign.pk, step))
    rows = list(csv.DictReader(io.StringIO(body(response))))

    assert len(rows) == 12
    for row in rows:
        labels, shares = zip(*(one.split("=") for one in row["shares of all"].split()), strict=True)
        dealt = deal(int(row["step id"]), int(row["contact id"]), [int(one) for one in shares])
        assert (row["wording"], row["share"]) == (labels[dealt], "1")
    a, b = only(campaign).arms
    for arm in (a, b):
        mine = [row for row in rows if row["wording"] == arm.variant.label]
        assert len(mine) == arm.people
        assert sum(bool(row["good answer"]) for row in mine) == arm.good.hits
        assert sum(bool(row["opt-out or complaint"]) for row in mine) == arm.objections.hits


def test_neither_strangers_nor_viewers_get_the_file(campaign: Campaign, member: Member) -> None:
    viewer = make_member(member.workspace, Role.VIEWER)
    stranger = make_member(make_workspace("other"), email="x@other.example")
    step = wording(campaign, "A").step_id

    assert client_of(viewer).get(viewer.url("reports:wordings_file", campaign.pk, step)).status_code == 403
    assert client_of(stranger).get(stranger.url("reports:wordings_file", campaign.pk, step)).status_code == 404
    assert client_of(member).get(member.url("reports:wordings_file", campaign.pk, step + 999)).status_code == 404


def page(member: Member, campaign: Campaign, **asked: str) -> str:
    client: Client = client_of(member)
    response = client.get(member.url("reports:wordings", campaign.pk), asked)
    assert response.status_code == 200
    return " ".join(response.content.decode().replace("<strong>", "").replace("</strong>", "").split())


def body(response: object) -> str:
    return b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
