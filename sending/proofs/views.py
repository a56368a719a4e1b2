"""HTTP of the proofs: the exact bytes of a wording, to read and to take away."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from campaigns.sequences.queries import variant_for
from campaigns.sequences.views.frame import editor_context
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.domains.keys import KeyLost
from sending.mailboxes.budgets import database_now
from sending.planner.preview import carriers_of
from sending.planner.sampling import contact_shown
from sending.proofs.exact import NoProof
from sending.proofs.exact import exact as exact_of
from sending.smtp import Unbuildable

_MOST_SHOWN = 400_000  # characters; the file has all of it


@require_GET
@member_page(Role.VIEWER)
def exact(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the bytes of a wording as it would leave, or give them out as a file (?file=1)."""
    campaign = variant_for(request.member, pk).step.campaign
    contact, carriers = contact_shown(campaign, request.GET.get("contact", "")), carriers_of(campaign)
    wanted = request.GET.get("mailbox", "")
    mailbox = next((one for one in carriers if str(one.pk) == wanted), next(iter(carriers), None))
    if contact is None or mailbox is None:
        raise Http404("Nobody to write to, or no mailbox to write from")
    problem, found = "", None
    try:
        found = exact_of(campaign, pk, contact, mailbox, now=database_now())
    except (NoProof, Unbuildable, KeyLost) as error:
        problem = str(error)
    if found is not None and request.GET.get("file"):
        response = HttpResponse(found.content, content_type="message/rfc822")
        response["Content-Disposition"] = (
            f'attachment; filename="step-{found.shown.name}-{found.shown.variant.label}.eml"'
        )
        return response
    context = editor_context(
        campaign,
        contact=contact,
        mailbox=mailbox,
        variant_id=pk,
        exact=found,
        problem=problem,
        source=found.source[:_MOST_SHOWN] if found else "",
    )
    return render_region(request, "sending/proofs/exact.html", context)
