"""From a step to the library and back: choose a template, fill in its places; keep a wording as a template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from campaigns.library import queries, services
from campaigns.library.checking import text_problems
from campaigns.library.core.places import places_in
from campaigns.library.errors import BadEntry
from campaigns.library.forms import KeepForm, PlacesForm
from campaigns.library.models import StepTemplate
from campaigns.library.views.frame import FOLDER, kept, status_of
from campaigns.sequences.errors import SequenceError
from campaigns.sequences.models import Variant
from campaigns.sequences.queries import variant_for
from campaigns.sequences.seen import seen_variant
from campaigns.sequences.services import Text
from campaigns.sequences.states import CampaignState
from campaigns.sequences.variables import known_variables
from campaigns.sequences.views.changes import changes_page
from campaigns.sequences.views.frame import editor_context
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged


@require_GET
@member_page(Role.MEMBER)
def choice(request: MemberRequest, pk: int) -> HttpResponse:
    """Choose the template that is put into a wording."""
    variant = variant_for(request.member, pk)
    sought = request.GET.get("q", "")
    page = paged(request, queries.templates_of(request.member, sought), by="name", rises=True)
    context = _context(variant, page=page, q=sought)
    return render_region(request, f"{FOLDER}/choice.html", context, region="choice")


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def put(request: MemberRequest, pk: int, template_id: int) -> HttpResponse:
    """Fill in the places of a template, look at what the wording becomes, and put it in."""
    variant = variant_for(request.member, pk)
    template = queries.template_for(request.member, template_id)
    places = places_in([template.subject, template.body_text], html=template.body_html)
    is_post = request.method == "POST"
    form = PlacesForm(request.POST if is_post else None, places=places, initial={"seen": seen_variant(variant)})
    text = _text(template, variant, form)
    if is_post and form.is_valid():
        form.tell(text_problems(text, known=known_variables(request.member.workspace.pk)))
        if variant.step.campaign.state != CampaignState.DRAFT:
            form.insist(places_in([text.subject, text.body_text], html=text.body_html))
    if is_post and form.is_valid() and "look" not in request.POST:
        return _put(request, template, variant, text, seen=form.cleaned_data["seen"])
    still_open = places_in([text.subject, text.body_text], html=text.body_html)
    context = _context(variant, template=template, form=form, text=text, still_open=still_open)
    status = 422 if form.errors else 200
    return render_region(request, f"{FOLDER}/put.html", context, region="put", status=status)


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def keep(request: MemberRequest, pk: int) -> HttpResponse:
    """Keep a wording as a template."""
    variant = variant_for(request.member, pk)
    form = KeepForm(request.POST if request.method == "POST" else None)

    def act() -> StepTemplate:
        data = form.cleaned_data
        return services.keep_wording(request.member, variant, name=data["name"], note=data["note"])

    row = kept(form, act)
    if row:
        messages.success(request, f"{row.name} is in the library.")
        return redirect(request.member.url("library:template", row.pk))
    return render_region(
        request, f"{FOLDER}/keep.html", _context(variant, form=form), region="keep", status=status_of(form)
    )


def _text(template: StepTemplate, variant: Variant, form: PlacesForm) -> Text:
    """Return what the wording becomes; where the words are refused, the form tells it and every place stays open."""
    words: Mapping[str, str] = form.words() if form.is_valid() else {}
    try:
        return services.text_for(template, variant, words)
    except BadEntry as error:
        if form.is_bound:
            form.tell(cause for _, cause in error.causes)
        return Text(template.subject or variant.subject, template.body_text, template.body_html, variant.weight)


def _put(request: MemberRequest, template: StepTemplate, variant: Variant, text: Text, *, seen: str) -> HttpResponse:
    """Put it into a draft at once; of a launched campaign the changes are shown first, as of any edit."""
    campaign = variant.step.campaign
    try:
        if campaign.state != CampaignState.DRAFT:
            services.foresee(request.member, template, variant, text, seen=seen)
            return changes_page(request, variant, text, seen=seen)
        services.put_in(request.member, template, variant, text, seen=seen)
    except SequenceError as error:
        messages.error(request, str(error))
        return redirect(request.member.url("library:put", variant.pk, template.pk))
    messages.success(request, f"{template.name} is in.")
    return redirect(f"{request.member.url('sequences:sequence', campaign.pk)}#variant{variant.pk}")


def _context(variant: Variant, **more: Any) -> dict[str, Any]:
    return editor_context(variant.step.campaign, variant=variant, step=variant.step, **more)
