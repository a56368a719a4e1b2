"""What a rehearsal has shown, read from the stage before it goes: who stands where, and what would have gone wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from campaigns.calendar import is_open
from campaigns.sequences.models import Campaign, Variant
from campaigns.sequences.plans import CampaignPlan, plans
from outreach.accounts.models import Workspace
from outreach.kit import statements
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.models import Mailbox, Spending
from sending.mailboxes.states import MailboxState
from sending.outbox.records import OUTCOMES, answer_of
from sending.pacing import UNTIL_MENDED, Pace
from sending.pacing.scenario import Scenario
from sending.pacing.simulation import simulate
from sending.planner.claim.facts import zone_of
from sending.planner.explain.reasons import with_reasons
from sending.planner.lawful.consenting import CODE
from sending.planner.lawful.grounds import LACKS_CONSENT, lacking_values
from sending.planner.lawful.law import Duty, name_of
from sending.planner.lawful.overrides import standing
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState, StopReason
from sending.rehearsal.casting import Cast
from sending.rehearsal.oracle import Departure, Leg, check
from sending.rehearsal.play import Arrived, Ending, Tried
from sending.rehearsal.telling import Arrival, Message, Report, Standing
from sending.smtp import Accepted

# Of these contacts, those whose law needs a consent that is not on record.
_RESTING = f"""
SELECT {CODE}, count(*) FROM contacts_contact c WHERE c.id = ANY(%s::bigint[]) AND {LACKS_CONSENT} GROUP BY 1 ORDER BY 1
"""  # noqa: S608  # our own words
_ENDS = (EventKind.STOPPED, EventKind.SKIPPED)
_NEAR = timedelta(seconds=1)
_ADDRESS = re.compile(r"\S*@\S*")  # a server may have named somebody


class Reporter:
    """Keeps what is needed to judge a campaign's rehearsal, and makes of each thing that happens what is told of it."""

    def __init__(self, cast: Cast) -> None:
        """Read the campaign as it stands on the stage."""
        self._cast = cast
        self._plan: CampaignPlan = plans([cast.campaign_id])[cast.campaign_id]
        self._labels = dict(Variant.objects.values_list("pk", "label"))
        rows = Enrollment.objects.filter(campaign=cast.campaign_id).select_related("contact")
        self._zones = {row.pk: zone_of(self._plan, row.contact)[1] for row in rows}
        self._legs: list[Leg] = []
        self._day = Pace(Workspace.objects.values_list("time_scale", flat=True).get(pk=cast.workspace_id)).day
        spent = Spending.objects.filter(mailbox__in=cast.mailbox_ids)
        self._left = [
            Departure(mailbox_id, at, contact_id, is_played=False)
            for mailbox_id, at, contact_id in spent.values_list("mailbox_id", "spent_at", "contact_id")
        ]
        self._others: Counter[int] = Counter()

    def message(self, one: Tried) -> Message | None:
        """Return what is told of a try, None for one of another campaign."""
        letter = one.job.letter
        if isinstance(one.outcome, Accepted):
            self._left.append(Departure(letter.mailbox_id, one.at, letter.contact_id))
        if letter.campaign_id != self._cast.campaign_id:
            self._others[letter.campaign_id or 0] += isinstance(one.outcome, Accepted)
            return None
        if isinstance(one.outcome, Accepted):
            self._legs.append(self._leg(one))
        code, enhanced, text = answer_of(one.outcome)
        return Message(
            contact_id=letter.contact_id,
            recipient=letter.recipient,
            mailbox=one.job.sender,
            position=letter.position,
            label=self._labels.get(letter.variant_id or 0, ""),
            at=one.at,
            outcome=OUTCOMES[type(one.outcome)].value,
            words=" ".join(str(part) for part in (code, enhanced, text) if part),
            subject=letter.subject,
            message_id=letter.message_id,
            raw=one.job.content,
        )

    def arrival(self, one: Arrived) -> Arrival:
        """Return what is told of a mail that came back."""
        row, coming = one.row, one.coming
        kind, subject = (row.kind, row.subject) if row else ("", "")
        return Arrival(coming.answers, coming.at, coming.part.value, kind, subject, coming.raw)

    def standings(self) -> Iterator[Standing]:
        """Yield where everybody of the campaign stands."""
        messages: Counter[int] = Counter()
        last: dict[int, datetime] = {}
        for leg in self._legs:
            messages[leg.person] += 1
            last[leg.person] = leg.at
        rows = with_reasons(Enrollment.objects.filter(campaign=self._cast.campaign_id)).order_by("pk")
        names = ("pk", "contact_id", "contact__email", "state", "stop_reason", "stop_detail")
        reasons = ("why_code", "why_words", "why_until")
        for pk, contact_id, email, state, stop, detail, code, words, until in rows.values_list(*names, *reasons):
            waits = state in {EnrollmentState.ACTIVE, EnrollmentState.SENDING}
            yield Standing(
                contact_id=contact_id,
                email=email,
                state=state,
                reason=code if waits else stop,
                words=words if waits else detail,
                messages=messages[pk],
                last_at=last.get(pk),
                next_at=until if waits and code not in UNTIL_MENDED else None,
            )

    def report(self, ending: Ending, now: datetime) -> Report:
        """Return the report; the stage still stands."""
        rows = Enrollment.objects.filter(campaign=self._cast.campaign_id)
        daily = dict(Mailbox.objects.values_list("pk", "daily_limit"))
        return Report(
            ending=ending.value,
            ended_at=now,
            people=rows.count(),
            left_out=self._cast.left_out,
            checks=[
                asdict(one)
                for one in check(self._legs, ended=self._ended(), left=self._left, daily=daily, day=self._day)
            ],
            findings=[*self._stops(), *self._people(ending), *self._decided()],
            others=[
                {
                    "campaign": plan.name,
                    "id": plan.id,
                    "messages": self._others[plan.id],
                    "left_out": self._cast.left_out_beside.get(plan.id, 0),
                }
                for plan in plans([*{*self._others, *self._cast.left_out_beside}]).values()
            ],
            forecast=self._forecast(self._cast.scenario, now) if self._cast.scenario else None,
        )

    def _ended(self) -> dict[int, datetime]:
        """Return when the sequences ended that were called off for good, by enrollment."""
        kinds = [*_ENDS, EventKind.BRANCHED]
        events = Event.objects.filter(campaign_id=self._cast.campaign_id, kind__in=kinds, enrollment_id__isnull=False)
        rows = events.order_by("id").values_list("enrollment_id", "kind", "at", "data")
        return ended_by((pk or 0, EventKind(kind), at, data) for pk, kind, at, data in rows)

    def _leg(self, one: Tried) -> Leg:
        letter = one.job.letter
        zone = self._zones[letter.enrollment_id or 0]
        return Leg(
            person=letter.enrollment_id or 0,
            contact_id=letter.contact_id,
            position=letter.position,
            mailbox_id=letter.mailbox_id,
            at=one.at,
            message_id=letter.message_id,
            answers=letter.in_reply_to,
            is_in_window=is_open(self._plan.schedule, zone, one.at),
            wording=f"{letter.subject}\n{letter.text}",
        )

    def _stops(self) -> Iterator[dict[str, Any]]:
        """Yield what stopped more than one person."""
        own = Event.objects.filter(campaign_id=self._cast.campaign_id, at__gte=self._cast.begins_at)
        for event in own.filter(kind=EventKind.PAUSED).order_by("id"):
            yield _finding("paused", "red", 1, event.data.get("reason", ""), at=event.at.isoformat())
        for mailbox in Mailbox.objects.filter(pk__in=self._cast.mailbox_ids).order_by("pk"):
            if mailbox.state != MailboxState.ACTIVE:
                words = _ADDRESS.sub("…", mailbox.state_reason) or mailbox.state.replace("_", " ")
                yield _finding("mailbox", "red", 1, words, mailbox_id=mailbox.pk)

    def _people(self, ending: Ending) -> Iterator[dict[str, Any]]:
        """Yield what kept people from getting all of it, as codes and counts.

        The words about somebody stand in their own row, and go with it.
        """
        counts: Counter[tuple[str, str]] = Counter()
        unwritten = 0
        for one in self.standings():
            counts[one.state, one.reason] += 1
            unwritten += one.state == EnrollmentState.ACTIVE and not one.messages
        by_code = [(state, code, count) for (state, code), count in counts.most_common()]
        for state, code, count in by_code:
            if state == EnrollmentState.ACTIVE and code in UNTIL_MENDED:
                yield _finding("mend", "red", count, "", state=state, reason=code)
        for state, code, count in by_code:
            if state == EnrollmentState.SKIPPED:
                yield _finding("skipped", "amber", count, "", state=state, reason=code)
        if unwritten and ending is not Ending.DONE:
            yield _finding("unwritten", "amber", unwritten, "", state=EnrollmentState.ACTIVE.value)
        if not self._legs:
            yield _finding("nothing", "red", 0, "")

    def _decided(self) -> Iterator[dict[str, Any]]:
        """Yield how many were written to on nothing but an admin's decision about their consent.

        Not its reason, which may name somebody, and stands in the review.
        """
        campaign = Campaign.objects.get(pk=self._cast.campaign_id)
        row = standing(campaign).get(Duty.CONSENT)
        if row is None:
            return
        written = sorted({leg.contact_id for leg in self._legs if leg.contact_id <= row.up_to})
        if found := statements.run(_RESTING, [written, *lacking_values(campaign, row.countries)]):
            names = " and ".join(name_of(code) for code, _ in found)
            yield _finding("decided", "amber", sum(count for _, count in found), f"Of people in {names}, by {row.law}.")

    def _forecast(self, scenario: Scenario, now: datetime) -> dict[str, Any]:
        """Compare with what a forecast from the same instant foresees until now."""
        run = simulate(scenario, until=now)
        own = [one for one in run.departures if one.campaign_id == self._cast.campaign_id and one.at <= now]
        foreseen = [(one.person_id, one.position, one.mailbox_id) for one in own]
        instants = {one: leg.at for one, leg in zip(foreseen, own, strict=True)}
        same = sum(
            abs(leg.at - instants[key]) < _NEAR
            for leg in self._legs
            if (key := (leg.person, leg.position, leg.mailbox_id)) in instants
        )
        return {"foreseen": len(foreseen), "left": len(self._legs), "same": same}


def ended_by(events: Iterable[tuple[int, EventKind, datetime, Mapping[str, Any]]]) -> dict[int, datetime]:
    """Return when each sequence was called off for good, from (enrollment, kind, at, data) in order. Pure.

    An answer that a branch is set up for stops, and leads on at once: that stop alone does not count.
    """
    ended: dict[int, datetime] = {}
    answered: set[int] = set()
    for pk, kind, at, data in events:
        if kind == EventKind.BRANCHED:
            if pk in answered and "until" in data:  # of a lead, not of a condition
                del ended[pk]
                answered.discard(pk)
        elif pk not in ended:
            ended[pk] = at
            if data.get("reason") == StopReason.REPLIED:
                answered.add(pk)
        elif data.get("reason") != StopReason.REPLIED:
            answered.discard(pk)  # it is over for another reason now
    return ended


def _finding(code: str, tone: str, count: int, words: object, **more: Any) -> dict[str, Any]:
    return {"code": code, "tone": tone, "count": count, "words": str(words), **more}
