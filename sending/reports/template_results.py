"""What came of the messages that were made from a template: counts with denominators and 95 % intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from campaigns.library.core.origins import Origin
from campaigns.library.models import StepTemplate
from campaigns.library.origin_queries import origins_of, used_variants
from campaigns.sequences.models import Step
from campaigns.sequences.states import ReplyClass
from outreach.accounts.access import Member
from sending.bounces import Kind
from sending.inbox.models import InboundMessage
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.outbox.models import OutboundMessage
from sending.outbox.states import COUNTED_AS_SENT, MessageState
from sending.reports.results import Rate, rate

# A version of a wording: (variant_id, number).
_Version = tuple[int, int]


@dataclass(frozen=True, slots=True)
class TemplateResult:
    """What came of one template. sent: also what counts as sent; changed: of these, from a text that was changed."""

    template: StepTemplate
    sent: int
    changed: int
    replies: Rate  # messages that a person answered, of those sent
    positive: Rate  # messages with an answer that a person called positive, of those sent
    bounces: Rate  # messages whose address does not exist, of those sent or refused

    @property
    def rates(self) -> tuple[Rate, ...]:
        return (self.replies, self.positive, self.bounces)


def template_results(member: Member, template: StepTemplate | None = None) -> Sequence[TemplateResult]:
    """Return the results of a template, or of all that messages were made from, most messages first."""
    workspace_id = member.workspace.pk
    variants = used_variants(workspace_id, None if template is None else [template.pk])
    found = origins_of(variants)
    states = _states(variants)
    replied = _answered(variants, Q(kind=Kind.HUMAN_REPLY))
    liked = _answered(variants, Q(kind=Kind.HUMAN_REPLY, label=ReplyClass.POSITIVE))
    bounced = _bounced(variants)
    wanted = {template.pk: template} if template else StepTemplate.objects.filter(workspace=workspace_id).in_bulk()
    counts: dict[int, Counter[str]] = {pk: Counter() for pk in wanted}
    for version, by_state in states.items():
        origin = _origin(found, version)
        if origin is None or origin.template_id not in counts:
            continue
        went = sum(by_state[state] for state in COUNTED_AS_SENT)
        counts[origin.template_id].update(
            sent=went,
            changed=went if origin.is_changed else 0,
            tried=went + by_state[MessageState.FAILED],
            replied=replied.get(version, 0),
            liked=liked.get(version, 0),
            bounced=bounced.get(version, 0),
        )
    made = [_result(wanted[pk], count) for pk, count in counts.items() if count["tried"] or template]
    return sorted(made, key=lambda one: (-one.sent, one.template.name))


def _result(template: StepTemplate, count: Mapping[str, int]) -> TemplateResult:
    return TemplateResult(
        template=template,
        sent=count["sent"],
        changed=count["changed"],
        replies=rate("Replies, of messages sent", count["replied"], count["sent"]),
        positive=rate("Positive replies, of messages sent", count["liked"], count["sent"]),
        bounces=rate("Hard bounces, of messages tried", count["bounced"], count["tried"]),
    )


def _origin(found: Mapping[int, Mapping[int, Origin]], version: _Version) -> Origin | None:
    variant_id, number = version
    return found.get(variant_id, {}).get(number)


def _states(variants: Collection[int]) -> dict[_Version, Counter[str]]:
    rows = (
        OutboundMessage.objects.filter(variant__in=variants)
        .values_list("variant", "wording_version", "state")
        .annotate(count=Count("pk"))
        .order_by()
    )
    found: dict[_Version, Counter[str]] = {}
    for variant_id, number, state, count in rows:
        found.setdefault((variant_id, number), Counter())[state] += count
    return found


def _answered(variants: Collection[int], which: Q) -> dict[_Version, int]:
    rows = (
        InboundMessage.objects.filter(which, answers__variant__in=variants)
        .values_list("answers__variant", "answers__wording_version")
        .annotate(count=Count("answers", distinct=True))
        .order_by()
    )
    return {(variant_id, number): count for variant_id, number, count in rows}


def _bounced(variants: Collection[int]) -> dict[_Version, int]:
    """Return how many messages of each version bounced for good, from the events: bounces are few, messages many."""
    campaigns = Step.objects.filter(variants__in=variants).values_list("campaign", flat=True).distinct()
    events = Event.objects.filter(campaign_id__in=list(campaigns), kind=EventKind.BOUNCED_HARD)
    rows = (
        OutboundMessage.objects.filter(pk__in=events.values("message_id"), variant__in=variants)
        .values_list("variant", "wording_version")
        .annotate(count=Count("pk"))
        .order_by()
    )
    return {(variant_id, number): count for variant_id, number, count in rows}
