"""Fingerprints of what a page was drawn from: a save is refused when somebody else's came between."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from campaigns.calendar import ClosedSpan, Region, Window
from campaigns.sequences.models import Branch, Campaign, Step, Variant
from outreach.kit.stale import fingerprint


def seen_variant(variant: Variant) -> str:
    """Return the fingerprint of a wording."""
    return fingerprint(variant.subject, variant.body_text, variant.body_html, variant.weight)


def seen_step(step: Step) -> str:
    """Return the fingerprint of a step's wait and thread."""
    return fingerprint(step.wait_amount, str(step.wait_unit), str(step.thread))


def seen_branches(branches: Iterable[Branch]) -> str:
    """Return the fingerprint of the branches behind a step, in their order."""
    rows = ((one.pk, one.place, str(one.kind), one.where, str(one.reply), one.path_id) for one in branches)
    return fingerprint(sorted(rows, key=lambda row: row[1]))


def seen_schedule(
    campaign: Campaign,
    windows: Collection[Window],
    closed: Collection[ClosedSpan] = (),
    regions: Collection[Region] = (),
) -> str:
    """Return the fingerprint of a campaign's schedule."""
    spans = sorted((one.weekday, one.start, one.end) for one in windows)
    limits = (campaign.new_leads_per_day, campaign.daily_limit, str(campaign.priority))
    zone = (campaign.time_zone, campaign.use_contact_zone, str(campaign.starts_on))
    return fingerprint(zone, limits, spans, sorted(closed), sorted(regions))


def seen_closing(closed: Collection[ClosedSpan], regions: Collection[Region]) -> str:
    """Return the fingerprint of the closed days of a workspace."""
    return fingerprint(sorted(closed), sorted(regions))


def seen_switch(*, is_on: bool) -> str:
    """Return the fingerprint of a setting that is on or off."""
    return fingerprint(is_on)


def seen_audience(list_ids: Collection[int], segment_ids: Collection[int] = ()) -> str:
    """Return the fingerprint of the lists and segments that a campaign writes to."""
    return fingerprint(sorted(list_ids), sorted(segment_ids))
