"""The oracle finds every lie: one row changed, one rule broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from outreach.accounts.models import Workspace
from sending.chaos.oracle import Case, Stop, judge
from sending.chaos.receiver import Acceptance
from sending.chaos.results import Findings
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState
from tests.builders import (
    make_campaign,
    make_contact,
    make_enrollment,
    make_mailbox,
    make_message,
    make_step,
    make_workspace,
)

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def workspace() -> Workspace:
    """Two people who got their one message, an hour apart."""
    workspace = make_workspace()
    campaign = make_campaign(workspace)
    variant, mailbox = make_step(campaign), make_mailbox(workspace, gap_min_s=60, gap_max_s=60)
    for number, name in enumerate(("ada", "bob")):
        person = make_enrollment(
            campaign,
            make_contact(workspace, f"{name}@x.test"),
            state=EnrollmentState.FINISHED,
            next_position=2,
            due_at=None,
        )
        make_message(person, variant, mailbox, at=AT + number * timedelta(hours=1))
    return workspace


def log_of(workspace: Workspace) -> list[Acceptance]:
    """Return what an honest server has written down."""
    rows = OutboundMessage.objects.filter(workspace=workspace).order_by("id")
    return [Acceptance(row.message_id, "me@acme.example", row.recipient, "") for row in rows]


def found(workspace: Workspace, log: list[Acceptance] | None = None, **more: object) -> Findings:
    case = Case(**{"workspaces": [workspace.pk], "people": 2, **more})  # type: ignore[arg-type]
    return judge(case, log_of(workspace) if log is None else log)


def rules(findings: Findings) -> set[str]:
    return {violation.partition(" ")[0] for violation in findings.violations}


def test_an_honest_run_breaks_no_rule(workspace: Workspace) -> None:
    findings = found(workspace)
    assert findings.violations == ()
    assert (findings.accepted, findings.duplicates, findings.lost, findings.in_doubt) == (2, 0, 0, 0)


def test_a_message_that_was_taken_twice_is_found(workspace: Workspace) -> None:
    log = log_of(workspace)
    findings = found(workspace, [*log, log[0]])
    assert rules(findings) == {"O1"}
    assert findings.duplicates == 1


def test_a_person_who_got_a_step_under_two_names_is_found(workspace: Workspace) -> None:
    log = log_of(workspace)
    twice = [log[0], Acceptance(log[1].message_id, log[1].sender, log[0].recipient, "")]
    assert rules(found(workspace, twice)) == {"O1"}


def test_a_message_that_counts_as_sent_and_never_arrived_is_found(workspace: Workspace) -> None:
    findings = found(workspace, log_of(workspace)[:1])
    assert rules(findings) == {"O2"}
    assert findings.lost == 1


def test_a_message_that_nobody_knows_of_is_found(workspace: Workspace) -> None:
    log = [*log_of(workspace), Acceptance("<strange@x>", "me@acme.example", "eve@x.test", "")]
    assert rules(found(workspace, log)) == {"O3"}
    assert rules(found(workspace, log, deleted=1, people=3)) == set(), "its person was deleted"


@pytest.mark.parametrize(
    ("state", "broken"),
    [
        (MessageState.DEFERRED, {"O4", "O6"}),
        (MessageState.FAILED, {"O4", "O6"}),
        (MessageState.CANCELLED, {"O4", "O6"}),
        (MessageState.CLAIMED, {"O4", "O5", "O6"}),
        (MessageState.DOT_PENDING, {"O3", "O5", "O6"}),
    ],
)
def test_a_message_that_arrived_and_would_go_out_again_is_found(
    workspace: Workspace, state: MessageState, broken: set[str]
) -> None:
    ends = state in {MessageState.FAILED, MessageState.CANCELLED}
    columns = {
        "state": state,
        "sent_at": None,
        "dot_at": AT if state is MessageState.DOT_PENDING else None,
        "lease_until": AT if state in {MessageState.CLAIMED, MessageState.DOT_PENDING} else None,
        "retry_at": AT if state is MessageState.DEFERRED else None,
        "ended_at": AT if ends else None,
    }
    OutboundMessage.objects.filter(recipient="ada@x.test").update(**columns)
    assert rules(found(workspace)) == broken


def waits_for_nobody(person: Enrollment) -> None:
    Enrollment.objects.filter(pk=person.pk).update(state=EnrollmentState.SENDING, next_position=1)


def is_past_a_step_without_its_message(person: Enrollment) -> None:
    Enrollment.objects.filter(pk=person.pk).update(next_position=3)


def is_gone(person: Enrollment) -> None:
    person.delete()


@pytest.mark.parametrize("change", [waits_for_nobody, is_past_a_step_without_its_message, is_gone])
def test_a_person_without_an_outcome_is_found(workspace: Workspace, change: Callable[[Enrollment], None]) -> None:
    person = Enrollment.objects.get(contact__email="ada@x.test")
    log = [one for one in log_of(workspace) if change is not is_gone or one.recipient != "ada@x.test"]
    change(person)
    assert rules(found(workspace, log)) == {"O6"}


def test_more_doubts_than_were_in_hand_are_found(workspace: Workspace) -> None:
    row = OutboundMessage.objects.get(recipient="ada@x.test")
    OutboundMessage.objects.filter(pk=row.pk).update(state=MessageState.IN_DOUBT, sent_at=None)
    Enrollment.objects.filter(messages=row).update(state=EnrollmentState.SENDING, next_position=1)
    assert rules(found(workspace, bound=1)) == set()
    assert rules(found(workspace, bound=0)) == {"O7"}


def test_a_doubt_that_a_sent_folder_could_have_settled_is_found(workspace: Workspace) -> None:
    row = OutboundMessage.objects.get(recipient="ada@x.test")
    OutboundMessage.objects.filter(pk=row.pk).update(state=MessageState.IN_DOUBT, sent_at=None)
    Enrollment.objects.filter(messages=row).update(state=EnrollmentState.SENDING, next_position=1)
    assert rules(found(workspace, bound=1, witnessed=[workspace.pk])) == {"O7"}
    untaken = [one for one in log_of(workspace) if one.recipient != "ada@x.test"]
    assert rules(found(workspace, untaken, bound=1, witnessed=[workspace.pk])) == set(), "there is no copy"
    copy = {"state": MessageState.SENT, "sent_at": AT, "reason": "Proved by: a copy in the Sent folder"}
    OutboundMessage.objects.filter(pk=row.pk).update(**copy)
    assert found(workspace).proved == 1


def test_a_message_that_left_after_its_stop_is_found(workspace: Workspace) -> None:
    row = OutboundMessage.objects.get(recipient="ada@x.test")
    before = Stop(AT - SECOND, contact_id=row.contact_id)
    assert rules(found(workspace, stops=[before])) == {"O8"}
    assert rules(found(workspace, stops=[Stop(AT, contact_id=row.contact_id)])) == set(), "it had left by then"
    paused = Stop(AT - 2 * SECOND, AT - SECOND, campaign_id=row.campaign_id)
    assert rules(found(workspace, stops=[paused])) == set(), "the campaign went on before it left"
    assert rules(found(workspace, stops=[Stop(AT - SECOND, AT + SECOND, campaign_id=row.campaign_id)])) == {"O8"}


@pytest.mark.parametrize(
    ("columns", "apart", "is_broken"),
    [
        ({"daily_limit": 1}, timedelta(hours=23), True),
        ({"daily_limit": 1}, timedelta(hours=24), False),
        ({"hourly_limit": 1}, timedelta(minutes=59), True),
        ({"hourly_limit": 1}, timedelta(minutes=60), False),
        ({"gap_min_s": 120, "gap_max_s": 120}, timedelta(seconds=119), True),
        ({"gap_min_s": 120, "gap_max_s": 120}, timedelta(seconds=120), False),
    ],
)
def test_a_mailbox_that_spent_more_than_its_limits_is_found(
    workspace: Workspace, columns: dict[str, int], apart: timedelta, *, is_broken: bool
) -> None:
    Mailbox.objects.update(**columns)
    OutboundMessage.objects.filter(recipient="bob@x.test").update(dot_at=AT + apart)
    assert rules(found(workspace)) == ({"O9"} if is_broken else set())


def test_limits_are_judged_at_the_pace_of_the_workspace(workspace: Workspace) -> None:
    Mailbox.objects.update(daily_limit=1)
    OutboundMessage.objects.filter(recipient="bob@x.test").update(dot_at=AT + timedelta(minutes=2))
    assert rules(found(workspace)) == {"O9"}
    Workspace.objects.update(time_scale=1000)
    assert rules(found(workspace)) == set()
