"""Choose which mailboxes carry a campaign, and how new contacts come to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from campaigns.sequences.models import Campaign
from campaigns.sequences.schedule_words import changed
from campaigns.sequences.services.holding import locked, refuse_closed, refuse_overtaken
from campaigns.sequences.states import CampaignState
from campaigns.sequences.telling import Edit, EditKind, tell
from outreach.accounts.access import Member
from outreach.kit.stale import fingerprint
from sending.mailboxes.models import Mailbox
from sending.pacing import HoldCode
from sending.pacing.rotation import Lineup, Rotation, Turn
from sending.planner.models import CampaignMailbox, CampaignRotation
from sending.planner.queries import rotation_of
from sending.planner.services.reopening import reopen
from sending.planner.services.waking import wake
from sending.planner.tagging import choose_tags, follow_tags, tagged, tags_of

_OTHERS = "Other mailboxes carry the campaign."


@dataclass(frozen=True, slots=True)
class Senders:
    """The senders of a campaign as a person asks for them; set_senders says what each part means."""

    mailbox_ids: Sequence[int]
    rotation: Rotation | None = None
    weights: Mapping[int, int] = field(default_factory=dict)
    tags: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class SendersCheck:
    """What other senders come to: a campaign's lines as they stand and then, and who carries it then."""

    before: Sequence[str]
    after: Sequence[str]
    lineup: Lineup


def set_senders(  # noqa: PLR0913  # what a person chooses on one page
    member: Member,
    campaign: Campaign,
    mailbox_ids: Sequence[int],
    *,
    rotation: Rotation | None = None,
    weights: Mapping[int, int] | None = None,
    tags: Sequence[str] | None = None,
    seen: str | None = None,
) -> None:
    """Make exactly these mailboxes of the workspace carry the campaign, and say how new contacts come to them.

    tags: beside them, whichever mailboxes have one of these, now or later; where None is given, the tags stay.
    weights are by mailbox, 1 to 100; mailboxes that are not named keep theirs, and so does the campaign where no
    rotation is named. Another rotation or another weight lets the turns begin anew. Whoever was written to keeps
    the mailbox. The story of a launched campaign tells of it. Raises IllegalMove for a stopped or an archived campaign,
    Overtaken.
    """
    wanted = set(member.workspace.mailbox_set.filter(pk__in=mailbox_ids).values_list("pk", flat=True))
    with transaction.atomic():
        current = locked(campaign.pk)
        refuse_overtaken(seen, seen_senders(current), "these senders")
        before = _lines(current)
        rows = CampaignMailbox.objects.filter(campaign=campaign)
        known = {row.mailbox_id: row for row in rows.select_for_update(no_key=True).order_by("pk")}
        if tags is not None:
            choose_tags(campaign, tags)
        by_tag = set(tagged(campaign)) - wanted
        rows.exclude(mailbox__in=wanted | by_tag).delete()
        fresh = sorted((wanted | by_tag) - known.keys())
        CampaignMailbox.objects.bulk_create(
            [CampaignMailbox(campaign=campaign, mailbox_id=pk, by_tag=pk in by_tag) for pk in fresh],
            ignore_conflicts=True,  # the tags of all campaigns may be followed at this moment
        )
        rows.filter(mailbox__in=wanted, by_tag=True).update(by_tag=False)
        rows.filter(mailbox__in=by_tag, by_tag=False).update(by_tag=True)
        chosen = {pk: value for pk, value in (weights or {}).items() if pk in wanted | by_tag}
        _set_rotation(campaign, rotation, chosen)
        went, came = changed(before, _lines(current))
        if current.state != CampaignState.DRAFT and (went or came):
            tell(Edit(current, EditKind.SENDERS_CHANGED, "Senders", member.user, went, came))
        if fresh and current.state != CampaignState.DRAFT:  # whom all before leave alone these may begin
            reopen(campaign.pk, [HoldCode.COOLDOWN], words=_OTHERS)
        wake(campaign.pk)


def follow_senders() -> None:
    """Let mailboxes come to campaigns and go with their tags; whom all before leave alone a new one may begin."""
    with transaction.atomic():
        for pk in sorted(follow_tags()):
            reopen(pk, [HoldCode.COOLDOWN], words=_OTHERS)
            wake(pk)


def check_senders(campaign: Campaign, wanted: Senders, *, seen: str | None = None) -> SendersCheck:
    """Return what set_senders would come to; nothing is written. Raises what it would.

    The mailboxes are of the campaign's workspace.
    """
    refuse_closed(campaign)
    refuse_overtaken(seen, seen_senders(campaign), "these senders")
    tags = tags_of(campaign) if wanted.tags is None else sorted(set(wanted.tags))
    by_itself = set(wanted.mailbox_ids)
    by_tag = set(tagged(campaign, tags)) - by_itself
    known = {row.mailbox_id: row for row in CampaignMailbox.objects.filter(campaign=campaign)}
    weights, anew = dict[int, int](), False
    for pk in sorted(by_itself | by_tag):
        stored = known[pk].weight if pk in known else 1
        weights[pk] = wanted.weights.get(pk, stored)
        anew |= weights[pk] != stored
    mode = rotation_of(campaign)
    rotation = wanted.rotation or mode
    anew |= rotation is not mode
    turns = tuple(
        Turn(pk, weight)
        if anew or pk not in known
        else Turn(pk, weight, known[pk].moved, known[pk].is_keen, known[pk].waits_since)
        for pk, weight in weights.items()
    )
    boxes = Mailbox.objects.filter(pk__in=weights).order_by("address").values_list("pk", "address")
    after = _lines_of(((address, weights[pk], pk in by_tag) for pk, address in boxes), rotation, tags)
    return SendersCheck(_lines(campaign), after, Lineup(rotation, turns))


def seen_senders(campaign: Campaign) -> str:
    """Return the fingerprint of what a person chooses: mailboxes, their weights, tags, the rotation."""
    rows = CampaignMailbox.objects.filter(campaign=campaign, by_tag=False).order_by("mailbox_id")
    return fingerprint(list(rows.values_list("mailbox_id", "weight")), tags_of(campaign), rotation_of(campaign).value)


def _lines(campaign: Campaign) -> list[str]:
    rows = CampaignMailbox.objects.filter(campaign=campaign).order_by("mailbox__address")
    found = rows.values_list("mailbox__address", "weight", "by_tag")
    return _lines_of(found, rotation_of(campaign), tags_of(campaign))


def _lines_of(rows: Iterable[tuple[str, int, bool]], mode: Rotation, tags: Sequence[str]) -> list[str]:
    return [
        *(
            f"{address}{f' of weight {weight}' if mode is Rotation.WEIGHTED else ''}{' by its tag' if by_tag else ''}"
            for address, weight, by_tag in rows
        ),
        *(f"whichever has the tag {tag}" for tag in tags),
        f"new contacts {_MODES[mode]}",
    ]


_MODES = {Rotation.EVEN: "evenly", Rotation.WEIGHTED: "by weights", Rotation.PROVIDER: "by provider"}


def _set_rotation(campaign: Campaign, rotation: Rotation | None, weights: Mapping[int, int]) -> None:
    rows = CampaignMailbox.objects.filter(campaign=campaign).order_by("pk")
    heavier = [row for row in rows if weights.get(row.mailbox_id, row.weight) != row.weight]
    for row in heavier:
        row.weight = weights[row.mailbox_id]
    CampaignMailbox.objects.bulk_update(heavier, ["weight"])
    before = rotation_of(campaign)
    wanted = rotation or before
    if heavier or wanted != before:
        CampaignRotation.objects.update_or_create(campaign=campaign, defaults={"mode": wanted})
        rows.update(moved=0.0, is_keen=True, waits_since=None, held_until=None, receivers=None)
