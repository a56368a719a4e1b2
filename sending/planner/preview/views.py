"""HTTP of the preview: whom it shows and how, the HTML part in its frame, a test mail to yourself."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from campaigns.sequences.queries import campaign_for, variant_for
from campaigns.sequences.views.frame import editor_context
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.frames import framed
from outreach.kit.htmx import render_region
from sending.mailboxes.audit import Shown
from sending.mailboxes.models import Mailbox
from sending.mailboxes.selfmail import NotNow, Proof, recipients_for, send_to_self
from sending.planner.preview.sampling import Whom, contact_by_address, contact_shown, whom_to_show
from sending.planner.preview.shown import PreviewedStep, carriers_of, preview, previewed
from sending.smtp import opt_out_by_mail

_FOLDER = "sending/planner"
_PARTS, _WIDTHS = ("text", "html"), ("desktop", "phone")
_FRAME = (
    '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>HTML part</title></head><body>{}</body></html>"
)


@require_GET
@member_page(Role.VIEWER)
def preview_page(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what a contact of the audience would get."""
    campaign = campaign_for(request.member, pk)
    if request.GET.get("whom") or request.GET.get("address"):
        return _shown_another(request, campaign)
    contact, carriers = _contact(request, campaign), carriers_of(campaign)
    mailbox = _chosen(carriers, request.GET.get("mailbox", ""))
    context = editor_context(
        campaign,
        contact=contact,
        carriers=carriers,
        mailbox=mailbox,
        steps=preview(campaign, contact, mailbox) if contact else [],
        part=_one_of(_PARTS, request.GET.get("part", "")),
        width=_one_of(_WIDTHS, request.GET.get("width", "")),
        recipients=recipients_for(request.member, mailbox) if mailbox else [],
    )
    return render_region(request, f"{_FOLDER}/preview.html", context)


@require_GET
@member_page(Role.VIEWER)
@framed(style_src=["'unsafe-inline'"], img_src=["data:"])  # it is shown as it is
def preview_html(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the HTML part of a wording, for the frame of the preview."""
    shown, _ = _shown(request, pk)
    return HttpResponse(_FRAME.format(shown.html))


@require_POST
@member_page(Role.MEMBER)
def preview_mail(request: MemberRequest, pk: int) -> HttpResponse:
    """Send a wording, as the contact would read it, to oneself."""
    shown, mailbox = _shown(request, pk)
    campaign = variant_for(request.member, pk).step.campaign
    if shown.wording is None:
        messages.error(request, f"No test mail was sent. {shown.problem}")
    elif mailbox is None:
        messages.error(request, "No test mail was sent. No mailbox carries the campaign.")
    else:
        _send(request, mailbox, shown, campaign)
    kept = urlencode({name: request.POST.get(name, "") for name in ("contact", "mailbox", "part", "width")})
    return redirect(f"{request.member.url('planner:preview', campaign.pk)}?{kept}#variant{pk}")


def _send(request: MemberRequest, mailbox: Mailbox, shown: PreviewedStep, campaign: Campaign) -> None:
    about = Shown(campaign.pk, campaign.name, shown.name, shown.variant.label, shown.variant.id)
    proof = Proof(shown.subject, shown.text, shown.html, opt_out_by_mail(mailbox.address), about)
    recipient = request.POST.get("recipient", "")[:254]
    try:
        result = send_to_self(request.member, mailbox, recipient, proof=proof)
    except NotNow as error:
        messages.error(request, f"No test mail was sent. {error}")
    else:
        if result.passed:
            messages.success(request, f"Step {shown.name} {shown.variant.label} has left for {recipient}.")
        else:
            messages.error(request, f"The test mail failed. {result.what} {result.fix}")


def _shown_another(request: MemberRequest, campaign: Campaign) -> HttpResponse:
    """Go on to the contact that is asked for; the address of the page then names them."""
    asked, address = request.GET.get("whom", ""), request.GET.get("address", "")
    shown = contact_shown(campaign, request.GET.get("contact", ""))
    if address:
        found, nobody = contact_by_address(campaign, address), f"Nobody of the audience has the address {address[:80]}."
    else:
        whom = Whom(asked) if asked in set(Whom) else Whom.NEXT
        found, nobody = whom_to_show(campaign, whom, shown=shown.pk if shown else 0, draw=_draw)
    if found is None:
        messages.error(request, nobody)
        found = shown.pk if shown else None
    kept = {name: request.GET[name] for name in ("mailbox", "part", "width") if name in request.GET}
    return redirect(f"{request.path}?{urlencode({'contact': found or '', **kept})}")


def _contact(request: MemberRequest, campaign: Campaign) -> Contact | None:
    """Return the contact that is asked for, else the first of the audience, and say so."""
    wanted = request.GET.get("contact", "")
    contact = contact_shown(campaign, wanted)
    if contact is None and wanted:
        contact = contact_shown(campaign, "")
        if contact:
            words = "The contact who was asked for is neither in the audience nor enrolled. This is somebody else: "
            messages.error(request, f"{words}the first of the audience.")
    return contact


def _draw(least: int, most: int) -> int:
    return least + secrets.randbelow(most - least + 1)


def _shown(request: MemberRequest, pk: int) -> tuple[PreviewedStep, Mailbox | None]:
    """Return the wording as the contact would read it from the mailbox. Raises Http404 where there is neither."""
    asked: QueryDict = request.POST if request.method == "POST" else request.GET
    campaign = variant_for(request.member, pk).step.campaign
    contact = contact_shown(campaign, asked.get("contact", ""))
    mailbox = _chosen(carriers_of(campaign), asked.get("mailbox", ""))
    shown = previewed(campaign, pk, contact, mailbox) if contact else None
    if shown is None:
        raise Http404("Nothing to preview")
    return shown, mailbox


def _chosen(carriers: list[Mailbox], wanted: str) -> Mailbox | None:
    by_id = {str(one.pk): one for one in carriers}
    return by_id.get(wanted) or next(iter(carriers), None)


def _one_of(known: tuple[str, ...], wanted: str) -> str:
    return wanted if wanted in known else known[0]
