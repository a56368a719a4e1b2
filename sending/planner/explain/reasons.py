"""Say why people wait: their own hold, or the one that keeps back everybody of their campaign or mailbox.

A verdict that binds everybody alike is kept once, at the campaign or the mailbox. Whoever is due under it is explained
when somebody asks, so that a hundred thousand who wait cost nothing.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Case, DateTimeField, F, FilteredRelation, Q, QuerySet, Value, When
from django.db.models.functions import Now

from sending.pacing import HoldCode
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState, HoldScope


def with_reasons(rows: QuerySet[Enrollment]) -> QuerySet[Any]:
    """Annotate who waits with why_code and why_words ("" where nothing holds them), and why_until."""
    is_due = Q(state=EnrollmentState.ACTIVE, hold_code="", due_at__lte=Now())
    of_campaign = is_due & Q(mailbox=None, new_hold__isnull=False)
    of_mailbox = is_due & Q(mailbox__clock__follow_up_hold_until__gt=Now())
    in_force = Q(campaign__holds__scope=HoldScope.NEW, campaign__holds__until__gt=Now())
    return rows.annotate(
        new_hold=FilteredRelation("campaign__holds", condition=in_force),
        why_code=Case(
            When(of_campaign, then=F("new_hold__code")),
            When(of_mailbox, then=Value(HoldCode.SYNC_STALE.value)),
            default=F("hold_code"),
        ),
        why_words=Case(
            When(of_campaign, then=F("new_hold__words")),
            When(of_mailbox, then=F("mailbox__clock__follow_up_hold_words")),
            default=F("hold_detail"),
        ),
        why_until=Case(
            When(of_campaign, then=F("new_hold__until")),
            When(of_mailbox, then=F("mailbox__clock__follow_up_hold_until")),
            default=F("due_at"),
            output_field=DateTimeField(),
        ),
    )
