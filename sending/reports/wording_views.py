"""HTTP of the comparison of wordings: a campaign's page of it, and who got which as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, log2

from django.http import Http404, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_GET

from campaigns.sequences.models import Campaign
from campaigns.sequences.queries import campaign_for
from campaigns.sequences.states import CampaignState
from campaigns.sequences.views.frame import editor_context
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.downloads import download
from outreach.kit.htmx import render_region
from sending.planner.models import Enrollment
from sending.planner.queries import audience_size
from sending.reports.dealt import dealt_to
from sending.reports.wordings import Outlook, Pair, Trial, outlook, trials_of
from sending.trials import FEWEST
from sending.trials.power import POWER

RATES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1)  # of people who answer well, to reckon with before anything is known
_USUAL = 0.02
_DOUBLINGS = 3  # of the ratio, that the picture shows to either side of equality
_DEALT = (
    "contact id", "step id", "wording", "version", "share", "shares of all", "made", "left", "good answer",
    "read by a person", "opt-out or complaint",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Band:
    """The interval of a ratio on an axis from 1/8 to 8, in thousandths; point: the ratio itself, None where unknown."""

    begin: int
    width: int
    point: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A comparison with its pictures, and with what it can tell while it lasts."""

    trial: Trial
    pairs: Sequence[tuple[Pair, Band]]
    outlook: Outlook | None


@require_GET
@member_page(Role.VIEWER)
def wordings(request: MemberRequest, pk: int) -> HttpResponse:
    """Show how the wordings of each step do against each other, and what a comparison of so many people can tell."""
    campaign = campaign_for(request.member, pk)
    of_good = _rate_in(request.GET.get("rate", ""))
    people = _people_of(campaign)
    found = [_shown(one, people, of_good) for one in trials_of(campaign)]
    context = editor_context(
        campaign, found=found, rates=RATES, of_good=of_good, people=people, fewest=FEWEST, power=POWER
    )
    return render_region(request, "sending/reports/wordings.html", context, region="wordings")


@require_GET
@member_page(Role.MEMBER)
def wordings_file(request: MemberRequest, pk: int, step: int) -> HttpResponseBase:
    """Stream all that the verdicts about a step rest on: who was dealt which wording, and what became of it."""
    campaign = campaign_for(request.member, pk)
    found = campaign.steps.filter(pk=step).first()
    if found is None:
        raise Http404
    return download(request, f"wordings-{campaign.pk}-{found.name}", _DEALT, _lines(campaign, step))


def _lines(campaign: Campaign, step: int) -> Iterator[Sequence[object]]:
    for one in dealt_to(campaign, step):
        yield (
            one.contact_id, step, one.label, one.version, one.share, one.shares, one.made_at.isoformat(),
            *(at.isoformat() if at else "" for at in (one.left_at, one.good_at)),
            "" if one.is_read is None else "yes" if one.is_read else "no",
            one.against_at.isoformat() if one.against_at else "",
        )  # fmt: skip


def _shown(trial: Trial, people: int, of_good: float) -> Shown:
    shares = [trial.stretch.shares[arm.variant.pk] for arm in trial.arms]
    told = None if trial.is_over or not people else outlook(people, shares, of_good)
    return Shown(trial, [(pair, _band(pair)) for pair in trial.pairs], told)


def _band(pair: Pair) -> Band:
    begin, end = _place(pair.answers.low), _place(pair.answers.high)
    ratio = pair.answers.ratio
    return Band(begin, max(end - begin, 4), None if ratio is None else _place(ratio))


def _place(ratio: float) -> int:
    doublings = -inf if ratio <= 0 else log2(ratio) if ratio < inf else inf
    kept = min(max(doublings, -_DOUBLINGS), _DOUBLINGS)
    return round(1000 * (kept + _DOUBLINGS) / (2 * _DOUBLINGS))


def _people_of(campaign: Campaign) -> int:
    if campaign.state == CampaignState.DRAFT:
        return audience_size(campaign)
    return Enrollment.objects.filter(campaign=campaign).count()


def _rate_in(text: str) -> float:
    """Return the rate that a URL asks for; the usual one for what is none of those on offer."""
    return next((one for one in RATES if str(one) == text), _USUAL)
