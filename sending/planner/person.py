"""What the planner has of a person: their way through campaigns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Case, Q, QuerySet, Value, When

from campaigns.contacts.parts import ERASED, Person, PersonPart, Section
from sending.planner.models import CampaignGround, Enrollment, Pause
from sending.planner.states import EnrollmentState, PauseScope
from sending.planner.traces import keep_traces

_VALUES = (
    "campaign__name", "mailbox__address", "state", "stop_reason", "stop_detail", "next_position", "due_at", "hold_code",
    "hold_detail", "absent_until", "absent_words", "led_to", "led_until", "created_at", "begun_at",
    "last_sent_at", "ended_at",
)  # fmt: skip


def _gives(person: Person) -> Sequence[Section]:
    rows = Enrollment.objects.filter(contact=person.contact_id).order_by("pk")
    pauses = _pauses(person).values("words", "until", "created_at")
    return (
        Section("Campaigns", list(rows.values(*_VALUES))),
        Section("Consent stated for a whole campaign", list(_covering(person))),
        Section("Rest of the address", list(pauses)),
    )


def _covering(person: Person) -> QuerySet[CampaignGround, Any]:
    """Return the grounds of campaigns that stand for their consent."""
    pk = person.contact_id
    rows = CampaignGround.objects.filter(
        campaign__workspace=person.workspace_id, covers__first_id__lte=pk, covers__last_id__gte=pk,
        covers__ids__contains=[pk],
    )  # fmt: skip
    return rows.order_by("stated_at").values("campaign__name", "basis", "words", "stated_at")


def _pauses(person: Person) -> QuerySet[Pause]:
    return Pause.objects.filter(workspace=person.workspace_id, scope=PauseScope.ADDRESS, value__in=person.keys)


def _erases(person: Person) -> None:
    Enrollment.objects.filter(contact=person.contact_id).update(
        stop_detail=Case(When(stop_detail="", then=Value("")), default=Value(ERASED)),
        hold_detail="",
        absent_words="",
    )
    _pauses(person).delete()


def _active(_workspace_id: int, ids: Collection[int], since: datetime) -> set[int]:
    """Return who was written to since, or is to be."""
    to_come = Q(state__in=[EnrollmentState.ACTIVE, EnrollmentState.SENDING])
    rows = Enrollment.objects.filter(to_come | Q(last_sent_at__gte=since) | Q(created_at__gte=since), contact__in=ids)
    return set(rows.values_list("contact_id", flat=True))


PART = PersonPart(
    holds=frozenset({"planner.Enrollment", "planner.Pause"}),
    gives=_gives,
    erases=_erases,
    outlives=keep_traces,
    active=_active,
    ties={"planner.enrollment": "they were taken into a campaign"},
)
