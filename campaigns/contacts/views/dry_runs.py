"""The page that shows what an import would change, before it does."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from campaigns.contacts import queries, services
from campaigns.contacts.errors import BadContact, BadMapping, IllegalMove
from campaigns.contacts.models import ContactImport
from campaigns.contacts.states import POLICY_WORDS, DryRunState, ImportPolicy, ImportState
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit import clock
from outreach.kit.htmx import render_region

_FOLDER = "campaigns/contacts"


@require_GET
@member_page(Role.VIEWER)
def changes(request: MemberRequest, import_id: int) -> HttpResponse:
    """Show how far the dry run is, then what it found."""
    row = queries.import_for(request.member, import_id)
    dry_run = queries.dry_run_of(row)
    if row.state != ImportState.UPLOADED or dry_run is None:
        return redirect(request.member.url("contacts:import_progress", row.pk))
    if request.htmx and dry_run.state not in {DryRunState.QUEUED, DryRunState.RUNNING}:
        return HttpResponseClientRedirect(request.path)
    context = {
        "import": row,
        "dry_run": dry_run,
        "progress": queries.dry_run_progress(row, dry_run, now=clock.now()),
        "foreseen": queries.foreseen(dry_run),
        "policies": [(value, *words, value == row.policy) for value, words in POLICY_WORDS.items()],
        "policy": POLICY_WORDS[ImportPolicy(row.policy)][0],
        "place": "Row" if row.sheets else "Line",
    }
    return render_region(request, f"{_FOLDER}/import_changes.html", context, region="progress")


@require_POST
@member_page(Role.MEMBER)
def look(request: MemberRequest, import_id: int) -> HttpResponse:
    """Reckon again, by the policy of the form."""
    row = queries.import_for(request.member, import_id)
    if (policy := request.POST.get("policy", "")) in set(ImportPolicy):
        row.policy = policy
    try:
        services.choose(row, row.mapping, row.list_name)
        services.start_dry_run(row)
    except (BadMapping, BadContact) as error:
        return _back(request, row, str(error))
    except IllegalMove:
        messages.info(request, "This import was confirmed already.")
    return redirect(request.member.url("contacts:import_changes", row.pk))


@require_POST
@member_page(Role.MEMBER)
def start(request: MemberRequest, import_id: int) -> HttpResponse:
    """Run the import with the choices that the dry run was made with."""
    row = queries.import_for(request.member, import_id)
    try:
        services.confirm_onto(row, row.mapping, row.list_name)
    except (BadMapping, BadContact) as error:
        return _back(request, row, str(error))
    except IllegalMove:
        messages.info(request, "This import was confirmed already.")
    return redirect(request.member.url("contacts:import_progress", row.pk))


def _back(request: MemberRequest, row: ContactImport, problem: str) -> HttpResponse:
    """Lead back to the columns: what was chosen there does not hold any more."""
    messages.error(request, problem)
    return redirect(request.member.url("contacts:import_map", row.pk))
