"""The oracle of every crash test: what the server accepted against what the database believes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db import connection

from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from sending.sandbox.world import SandboxWorld

_MAYBE_ACCEPTED = {MessageState.SENT, MessageState.IN_DOUBT, MessageState.ASSUMED_SENT, MessageState.DOT_PENDING}
_NOT_ACCEPTED = {MessageState.CLAIMED, MessageState.DEFERRED, MessageState.FAILED, MessageState.CANCELLED}


@dataclass(frozen=True, slots=True)
class Findings:
    """The table of a crash test."""

    accepted: int
    duplicates: int
    lost: int  # the database says sent, the server never took it
    unaccounted: int  # the server took it, the database would send it again
    in_doubt: int

    def __str__(self) -> str:
        return (
            f"accepted {self.accepted}, duplicates {self.duplicates}, lost {self.lost}, "
            f"unaccounted {self.unaccounted}, in doubt {self.in_doubt}"
        )


def check_oracle(world: SandboxWorld, *, most_in_doubt: int = 0) -> Findings:
    """Compare the sandbox's log with every message of the database; raise AssertionError at the first lie."""
    log = world.accepted()
    rows = {row.message_id: row for row in OutboundMessage.objects.select_related("step")}
    by_id = Counter(one["message_id"] for one in log)
    by_person = Counter((one["recipient"].lower(), rows[one["message_id"]].step_id) for one in log)
    states = {state: {key for key, row in rows.items() if row.state == state} for state in MessageState}
    findings = Findings(
        accepted=len(by_id),
        duplicates=sum(count - 1 for count in (by_id if by_id.total() else by_person).values()),
        lost=len(states[MessageState.SENT] - set(by_id)),
        unaccounted=len(set().union(*(states[state] for state in _NOT_ACCEPTED)) & set(by_id)),
        in_doubt=len(states[MessageState.IN_DOUBT]),
    )
    assert max(by_id.values(), default=0) <= 1, f"O1: accepted twice: {by_id.most_common(3)}"
    assert max(by_person.values(), default=0) <= 1, f"O1: one step twice to a person: {by_person.most_common(3)}"
    assert not findings.lost, "O2: sent, yet never accepted"
    assert {rows[key].state for key in by_id} <= _MAYBE_ACCEPTED, "O3: accepted, yet to be sent again"
    assert not findings.unaccounted, "O4: not sent by our book, yet accepted"
    assert not _left_behind(), "O5: in hand beyond the lease"
    _check_sums(rows)
    assert findings.in_doubt <= most_in_doubt, f"O7: {findings.in_doubt} in doubt, {most_in_doubt} allowed"
    return findings


def _left_behind() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM outbox_message WHERE state IN ('claimed', 'dot_pending') AND lease_until < now()"
        )
        return int(cursor.fetchone()[0])


def _check_sums(rows: dict[str, OutboundMessage]) -> None:
    """O6: a message in hand or in doubt keeps its person SENDING; whoever is past it has a message for each step."""
    made = {(row.enrollment_id, row.step.position): row for row in rows.values()}
    assert len(made) == len(rows), "O6: two messages of one step"
    open_states = {MessageState.CLAIMED, MessageState.DOT_PENDING, MessageState.DEFERRED, MessageState.IN_DOUBT}
    busy = {row.enrollment_id for row in rows.values() if row.state in open_states}
    for person in Enrollment.objects.all():
        if person.state == "sending":
            assert person.pk in busy, f"O6: person {person.pk} waits for a message that nobody holds"
        if person.state in {"active", "finished"}:
            assert person.pk not in busy, f"O6: person {person.pk} went on while a message was open"
            done = [made.get((person.pk, position)) for position in range(1, person.next_position)]
            assert all(row and row.state in {"sent", "assumed_sent"} for row in done), "O6: a step without its message"
