"""The page of a campaign's senders: which mailboxes carry it, and how new contacts come to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.forms import BoundField
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.sequences.comparing import compare
from campaigns.sequences.errors import IllegalMove, Overtaken
from campaigns.sequences.models import Campaign
from campaigns.sequences.queries import campaign_for
from campaigns.sequences.states import CLOSED, LAUNCHED
from campaigns.sequences.views.changes import is_sure
from campaigns.sequences.views.frame import editor_context
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.mailboxes.budgets import Budget, budgets_of
from sending.mailboxes.errors import StillGuarded
from sending.mailboxes.models import Mailbox
from sending.mailboxes.presets import receiver_at
from sending.mailboxes.queries import mailbox_for, mailboxes_of
from sending.mailboxes.states import MailboxState
from sending.pacing.receivers import NAMES, Receiver
from sending.pacing.rotation import Rotation, matched
from sending.planner import queries, services
from sending.planner.forecast.other_senders import effects_of_senders
from sending.planner.forecast.shares import shares_of
from sending.planner.forms import SendersForm
from sending.planner.services.senders import check_senders, seen_senders
from sending.planner.tagging import tags_of, tags_there

_MEANINGS = {
    Rotation.EVEN: ("Evenly", "Whichever mailbox is free takes the next contact, as far as its gap and limits allow."),
    Rotation.WEIGHTED: (
        "By weights",
        (
            "Of the contacts that are begun, each mailbox takes its part: one of weight 3 three times as many as one "
            "of weight 1. A mailbox that cannot send leaves its part to the others."
        ),
    ),
    Rotation.PROVIDER: (
        "By provider",
        (
            "Contacts at Google, Microsoft and Yahoo are begun from a mailbox at the same provider where an active one "
            "is among these, and wait for it. All others go to whichever is free."
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A mailbox of the workspace, whether it carries the campaign, and the field of its weight."""

    mailbox: Mailbox
    provider: str  # "" for one that no rotation knows
    is_chosen: bool
    weight: BoundField
    budget: Budget | None
    tag: str  # by which it carries the campaign, "" where by none


@dataclass(frozen=True, slots=True)
class Chosen:
    """The mailboxes that are ticked, and the tags."""

    mailbox_ids: frozenset[int]
    tags: frozenset[str]

    def has(self, mailbox: Mailbox) -> bool:
        """Say whether the mailbox carries the campaign, by itself or by a tag."""
        return mailbox.pk in self.mailbox_ids or not self.tags.isdisjoint(mailbox.tags)


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER, changes=Role.MEMBER)
def senders(request: MemberRequest, pk: int) -> HttpResponse:
    """Choose the mailboxes that carry the campaign, and how new contacts come to them."""
    campaign = campaign_for(request.member, pk)
    mailboxes = mailboxes_of(request.member)
    weights = queries.weights_of(campaign)
    mode = queries.rotation_of(campaign)
    chosen_tags = tags_of(campaign)
    known_tags = sorted({*tags_there(request.member), *chosen_tags})
    form = SendersForm(
        request.POST if request.method == "POST" else None,
        mailboxes=mailboxes,
        weights=weights,
        rotation=mode,
        tags=known_tags,
        initial={"seen": seen_senders(campaign)},
        is_frozen=campaign.state in CLOSED or not request.member.may(Role.MEMBER),
    )
    goes_on = "look" in request.POST  # back from what it changes, to the form as it was typed
    if form.is_valid() and not goes_on:
        try:
            return _looked_at_first(request, campaign, form) or _saved(request, campaign, form)
        except Overtaken as error:
            form.overtake(error)
        except IllegalMove as error:
            messages.error(request, str(error))
            return redirect(request.member.url("planner:senders", pk))
    chosen = set(form.mailbox_ids()) if form.is_bound else queries.chosen_one_by_one(campaign)
    tags = set(form.tags()) if form.is_bound else set(chosen_tags)
    context = _context(request, campaign, form, mailboxes, Chosen(frozenset(chosen), frozenset(tags)))
    context["tags"] = [(tag, tag in tags, sum(tag in one.tags for one in mailboxes)) for tag in known_tags]
    status = 422 if form.is_bound and not (goes_on and form.is_valid()) else 200
    return render_region(request, f"{_FOLDER}/senders.html", context, status=status)


@require_POST
@member_page(Role.MEMBER)
def warmth(request: MemberRequest, pk: int) -> HttpResponse:
    """Let a mailbox write again to a provider that it leaves alone."""
    mailbox = mailbox_for(request.member, pk)
    side, why = (request.POST.get(name, "")[:300].replace("\x00", "") for name in ("side", "why"))
    try:
        if services.write_again(mailbox, side, by=request.member, why=why):
            messages.success(request, "It may write to them again: whoever waited for that is looked at now.")
        else:
            messages.error(request, "It does not leave them alone any more.")
    except StillGuarded as error:
        messages.error(request, str(error))
    return redirect(request.member.url("mailboxes:detail", pk))


@require_GET
@member_page(Role.VIEWER)
def shares(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what the campaign will take from each of its mailboxes, and whom it fits."""
    campaign = campaign_for(request.member, pk)
    context = editor_context(campaign, shares=shares_of(campaign))
    return render_region(request, f"{_FOLDER}/shares.html", context, region="shares")


_FOLDER = "sending/planner"


def _looked_at_first(request: MemberRequest, campaign: Campaign, form: SendersForm) -> HttpResponse | None:
    """Show what other senders of a launched campaign change; None where they change nothing, or were shown."""
    if campaign.state not in LAUNCHED or is_sure(request):
        return None
    check = check_senders(campaign, form.senders(), seen=form.cleaned_data["seen"])
    if check.before == check.after:
        return None
    sent_names = set(request.POST) & {"seen", "mailboxes", "tags", *form.fields}
    context = editor_context(
        campaign,
        pieces=compare("\n".join(check.before), "\n".join(check.after)),
        effects=effects_of_senders(campaign, check.lineup, reckons="reckon" in request.POST),
        fields=[(name, value) for name in sorted(sent_names) for value in request.POST.getlist(name)],
    )
    return render_region(request, f"{_FOLDER}/senders_changes.html", context, region="changes")


def _saved(request: MemberRequest, campaign: Campaign, form: SendersForm) -> HttpResponse:
    wanted = form.senders()
    services.set_senders(
        request.member,
        campaign,
        wanted.mailbox_ids,
        rotation=wanted.rotation,
        weights=wanted.weights,
        tags=wanted.tags,
        seen=form.cleaned_data["seen"],
    )
    messages.success(request, "Senders saved.")
    return redirect(request.member.url("planner:senders", campaign.pk))


def _context(
    request: MemberRequest, campaign: Campaign, form: SendersForm, mailboxes: Sequence[Mailbox], chosen: Chosen
) -> dict[str, object]:
    at = {one.pk: receiver_at(one.smtp_host, one.address, one.sign_in) for one in mailboxes}
    usable = [at[one.pk] for one in mailboxes if chosen.has(one) and one.state == MailboxState.ACTIVE]
    budgets = {one.mailbox.pk: one for one in budgets_of(mailboxes)}
    rows = [
        Row(
            mailbox=one,
            provider="" if at[one.pk] is Receiver.OTHER else NAMES[at[one.pk]],
            is_chosen=one.pk in chosen.mailbox_ids,
            weight=form[f"weight_{one.pk}"],
            budget=budgets.get(one.pk),
            tag="" if one.pk in chosen.mailbox_ids else next((tag for tag in one.tags if tag in chosen.tags), ""),
        )
        for one in mailboxes
    ]
    return editor_context(
        campaign,
        form=form,
        rows=rows,
        modes=[(mode.value, *words, mode == form["rotation"].value()) for mode, words in _MEANINGS.items()],
        matched=[NAMES[one] for one in Receiver if one in matched(usable)],
        may_change=request.member.may(Role.MEMBER),
    )
