"""HTTP of the proofs: the exact bytes of a wording, to read and to take away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.views.decorators.http import require_GET, require_POST

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from campaigns.sequences.queries import variant_for
from campaigns.sequences.views.frame import editor_context
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.env import env
from outreach.kit.htmx import render_region
from sending.domains.keys import KeyLost
from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import Mailbox
from sending.planner.preview.sampling import contact_shown
from sending.planner.preview.shown import carriers_of
from sending.proofs.exact import Exact, NoProof
from sending.proofs.exact import exact as exact_of
from sending.proofs.spam import NoScore, asked_once, digest_of
from sending.smtp import Unbuildable

_MOST_SHOWN = 400_000  # characters; the file has all of it


@require_GET
@member_page(Role.VIEWER)
def exact(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the bytes of a wording as it would leave, or give them out as a file (?file=1)."""
    proof = _proof(request, pk)
    found = proof.exact
    if found is not None and request.GET.get("file"):
        response = HttpResponse(found.content, content_type="message/rfc822")
        name = f"step-{found.shown.name}-{found.shown.variant.label}.eml"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
    source = found.source[:_MOST_SHOWN] if found else ""
    context = {
        **_context(proof, pk),
        "source": source,
        "may_ask": env().spamd is not None and request.member.may(Role.MEMBER),
    }
    return render_region(request, "sending/proofs/exact.html", context)


@require_POST
@member_page(Role.MEMBER)
def spam(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what SpamAssassin thinks of a wording as it would leave."""
    daemon = env().spamd
    proof, score = _proof(request, pk), None
    problem = proof.problem
    if daemon is None:
        problem = "No SpamAssassin is configured: name a daemon of yours in OUTREACH_SPAMD_URL."
    elif proof.exact is not None:
        try:
            score = asked_once(request.member.workspace.pk, proof.exact.content, _digest(proof.exact, proof), daemon)
        except NoScore as error:
            problem = str(error)
    context = {**_context(proof, pk), "score": score, "problem": problem}
    return render_region(request, "sending/proofs/spam.html", context, region="spam")


@dataclass(frozen=True, slots=True)
class _Proof:
    campaign: Campaign
    contact: Contact
    mailbox: Mailbox
    exact: Exact | None
    problem: str


def _proof(request: MemberRequest, pk: int) -> _Proof:
    """Build the message that the address asks for. Raises Http404 where there is no reader or no sender."""
    asked: QueryDict = request.POST if request.method == "POST" else request.GET
    campaign = variant_for(request.member, pk).step.campaign
    contact, carriers = contact_shown(campaign, asked.get("contact", "")), carriers_of(campaign)
    wanted = asked.get("mailbox", "")
    mailbox = next((one for one in carriers if str(one.pk) == wanted), next(iter(carriers), None))
    if contact is None or mailbox is None:
        raise Http404("Nobody to write to, or no mailbox to write from")
    try:
        found = exact_of(campaign, pk, contact, mailbox, now=database_now())
    except (NoProof, Unbuildable, KeyLost) as error:
        return _Proof(campaign, contact, mailbox, None, str(error))
    return _Proof(campaign, contact, mailbox, found, "")


def _digest(found: Exact, proof: _Proof) -> str:
    wording = found.shown.wording
    assert wording is not None  # there is no exact message without
    mailbox = proof.mailbox
    sender = (mailbox.address, mailbox.display_name, mailbox.reply_to, str(found.is_signed))
    return digest_of(found.shown.subject, wording.text, wording.html, proof.contact.email, *sender)


def _context(proof: _Proof, variant_id: int) -> dict[str, Any]:
    return editor_context(
        proof.campaign,
        contact=proof.contact,
        mailbox=proof.mailbox,
        variant_id=variant_id,
        exact=proof.exact,
        problem=proof.problem,
    )
