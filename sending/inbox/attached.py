"""What is attached to a mail, given out to be saved: the same checks and headers for the page and for programs."""

from __future__ import annotations

from urllib.parse import quote

from django.http import Http404, HttpResponse

from outreach.accounts.access import Member
from sending.bounces.attachments import attachment
from sending.inbox.models import InboundMessage
from sending.inbox.queries import inbound_for

_POLICY = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; sandbox"


def given_out(member: Member, mail_id: int, number: int) -> HttpResponse:
    """Return what is attached to a mail of the member's workspace, as a file of no type that a browser would run.

    number: its place in the mail, as `InboundMessage.attached` has it. Raises Http404.
    """
    row = inbound_for(member, mail_id)
    raw = bytes(InboundMessage.objects.values_list("raw", flat=True).get(pk=row.pk))
    found = attachment(raw, number)
    if found is None:
        raise Http404("No such attachment")
    about, content = found
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(about.name, safe='')}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = _POLICY
    response["Cache-Control"] = "private, no-store"
    return response
