"""What a new message is marked with: what its campaign wants, as far as the law allows it for this person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from campaigns.contacts.models import Contact
from campaigns.sequences.plans import CampaignPlan
from campaigns.templating.lint.saying import always_says, says_opt_out
from campaigns.templating.spoken import language_of
from sending.links.addresses import host
from sending.links.core import FOLLOWED, Trace, present
from sending.links.optline import kept
from sending.planner.claim.picking import Pick
from sending.planner.lawful.traced import may_be_followed


@dataclass(frozen=True, slots=True)
class Written:
    """What a message is made of."""

    text: str
    html: str  # "" = plain text only
    signature: str


def traces_of(picks: Sequence[Pick]) -> dict[int, Trace]:
    """Return the traces of the message of each pick, by enrollment: what its campaign wants and it has anything of.

    One query, and none where nothing of any message among them would be followed.
    """
    wanted = {pick.enrollment_id: _of(pick) for pick in picks}
    asked = [(pick.plan.id, pick.contact.pk) for pick in picks if wanted[pick.enrollment_id] & FOLLOWED]
    if asked:
        allowed = may_be_followed(asked)
        for pick in picks:
            if (pick.plan.id, pick.contact.pk) not in allowed:
                wanted[pick.enrollment_id] &= ~FOLLOWED
    return wanted


def traces_for(plan: CampaignPlan, contact: Contact, written: Written) -> Trace:
    """Return what a campaign wants of a message to one contact, as far as the law allows it."""
    wanted = _wanted(plan, written)
    if wanted & FOLLOWED and not may_be_followed([(plan.id, contact.pk)]):
        wanted &= ~FOLLOWED
    return wanted


def _of(pick: Pick) -> Trace:
    return present(pick.wording.text, pick.wording.html, _wanted(pick.plan, _written(pick)))


def _written(pick: Pick) -> Written:
    return Written(pick.variant.body_text, pick.variant.body_html, pick.sender.signature)


def _wanted(plan: CampaignPlan, written: Written) -> Trace:
    wanted = Trace(0)
    if host():
        wanted |= Trace.CLICKS if plan.track_clicks else 0
        wanted |= Trace.TEXT_CLICKS if plan.track_text_clicks else 0
        wanted |= Trace.OPENS if plan.track_opens else 0
    if not _says_how(written):  # every law of the table asks for it, so no setting leaves it out
        wanted |= Trace.OPT_OUT | Trace(kept(line_language(plan.opt_out_language, written.text)))
    return wanted


@lru_cache(maxsize=5_000)
def line_language(chosen: str, text: str) -> str:
    """Return the language of the line below a wording: what its campaign has chosen, else what it seems to be in."""
    return chosen or language_of(text)


@lru_cache(maxsize=5_000)
def _says_how(written: Written) -> bool:
    """Say whether each part says how to opt out, whatever it reads as. Looked for once in a wording."""
    signatures = [written.signature]
    if not always_says(written.text, says_opt_out, {}, signatures=signatures):
        return False
    return not written.html or always_says(written.html, says_opt_out, {}, signatures=signatures, html=True)
