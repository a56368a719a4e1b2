"""What is kept of a wording: while somebody types, and each version that it had."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from campaigns.sequences import queries, services
from campaigns.sequences.comparing import Piece, compare
from campaigns.sequences.editing import variant_form
from campaigns.sequences.effects import messages_made_from
from campaigns.sequences.errors import SequenceError
from campaigns.sequences.forms import VariantForm
from campaigns.sequences.models import Variant
from campaigns.sequences.seen import seen_variant
from campaigns.sequences.variables import known_variables
from campaigns.sequences.versions import Version, redo_of, undo_of, versions_page
from campaigns.sequences.views.frame import FOLDER, editor_context, may_change_it
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region


@dataclass(frozen=True, slots=True)
class VersionCard:
    """A version, and what changed in it against the one before."""

    version: Version
    subject: list[Piece]
    text: list[Piece]
    html: list[Piece]


@require_POST
@member_page(Role.MEMBER)
def variant_keep(request: MemberRequest, pk: int) -> HttpResponse:
    """Keep what was typed so far in a draft; answer with the line that says so, and with the new fingerprint."""
    variant = queries.variant_for(request.member, pk)
    known = known_variables(variant.step.campaign.workspace_id)
    form = variant_form(variant, known, request.POST, may_be_broken=True)
    if not form.is_valid():
        words = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return _not_kept(request, variant, words)
    text = form.text(subject=variant.subject)
    try:
        kept = services.keep_variant(variant, text, seen=form.cleaned_data["seen"], by=request.member.user)
    except SequenceError as error:
        return _not_kept(request, variant, str(error))
    return render(request, f"{FOLDER}/_kept.html", {**_kept(kept, form), "is_answer": True})


@require_GET
@member_page(Role.VIEWER)
def variant_versions(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the versions of a wording by pages, and what changed in each."""
    variant = queries.variant_for(request.member, pk)
    campaign = variant.step.campaign
    page = versions_page(request, variant)
    made_from = messages_made_from(pk)
    context = editor_context(
        campaign,
        variant=variant,
        seen=seen_variant(variant),
        rows=[(_card(one, before), made_from.get(one.number, 0)) for one, before in page.pairs],
        page=page.rows,
        may_change=may_change_it(request, campaign),
    )
    return render_region(request, f"{FOLDER}/versions.html", context, region="versions")


def _card(version: Version, before: Version | None) -> VersionCard:
    if before is None:
        return VersionCard(version, *(compare(one, one) for one in _parts(version)))
    return VersionCard(version, *(compare(old, new) for old, new in zip(_parts(before), _parts(version), strict=True)))


def _parts(version: Version) -> tuple[str, str, str]:
    return version.subject, version.body_text, version.body_html


def _kept(variant: Variant, form: VariantForm) -> dict[str, object]:
    return {
        "variant": variant,
        "seen": seen_variant(variant),
        "problems": form.problems,
        "undo": undo_of([variant]).get(variant.pk),
        "redo": redo_of([variant]).get(variant.pk),
    }


def _not_kept(request: MemberRequest, variant: Variant, words: str) -> HttpResponse:
    context = {
        "variant": variant,
        "refusal": words,
        "seen": request.POST.get("seen", ""),
        "undo": undo_of([variant]).get(variant.pk),
        "redo": redo_of([variant]).get(variant.pk),
    }
    return render(request, f"{FOLDER}/_kept.html", context, status=422)
