"""Pages of an import: upload, columns, progress, result, history."""

from __future__ import annotations

from pathlib import PurePath
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from campaigns.contacts import queries, services
from campaigns.contacts.core import dialect, encoding, sheets
from campaigns.contacts.core.columns import CUSTOM, IGNORE
from campaigns.contacts.core.fields import CUSTOM_PREFIX, LABELS, custom_name
from campaigns.contacts.core.kinds import typed_from
from campaigns.contacts.core.tags import parse_tags
from campaigns.contacts.downloads import rejected_rows
from campaigns.contacts.errors import BadContact, BadFile, BadMapping, IllegalMove
from campaigns.contacts.forms import UploadForm
from campaigns.contacts.models import PAGE_LIMIT, SOURCE_LIMIT, ContactImport
from campaigns.contacts.services.chunks import SIZE_LIMIT_BYTES
from campaigns.contacts.services.receiving import PACKED_LIMIT_BYTES
from campaigns.contacts.services.uploads import Wanted
from campaigns.contacts.states import (
    BASIS_LABELS,
    POLICY_WORDS,
    SUBSCRIBER_LABELS,
    ImportPolicy,
    ImportState,
    LegalBasis,
    Subscribers,
)
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit import clock
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged

_FOLDER = "campaigns/contacts"
_SHOWN_REJECTIONS = 50
_NAME_LIMIT = 120
FIND_OUT = "auto"  # in the form: not said by the person
_PIECE_BYTES = 256 * 1024
_LOOK = "look"  # a button of the form: reckon first what would change
_SKIP_LIMIT = 1_000  # lines above a table
_PASTED = "Pasted table"  # in place of a file's name


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def upload(request: MemberRequest) -> HttpResponse:
    """Take a file, or a pasted table, and lead on to its columns."""
    is_post = request.method == "POST"
    form = UploadForm(request.POST if is_post else None, request.FILES if is_post else None)
    if not form.is_valid():
        return _upload_page(request, form)
    file = form.cleaned_data["file"]
    name, pieces = (file.name, file.chunks(_PIECE_BYTES)) if file else (_PASTED, [form.pasted_bytes()])
    try:
        row = services.store_upload(request.member.workspace, name, pieces, by=request.member.user)
    except BadFile as error:
        form.add_error("file" if file else "pasted", str(error))
        return _upload_page(request, form)
    query = urlencode({"list": name}) if (name := request.POST.get("list_name", "")[:_NAME_LIMIT]) else ""
    return redirect(request.member.url("contacts:import_map", row.pk) + (f"?{query}" if query else ""))


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def columns(request: MemberRequest, import_id: int) -> HttpResponse:
    """Show the columns with their guesses; a POST confirms them and starts the import."""
    row = queries.import_for(request.member, import_id)
    if row.state != ImportState.UPLOADED:
        return redirect(request.member.url("contacts:import_progress", row.pk))
    if request.method == "GET":
        chosen = row.list_name if queries.dry_run_of(row) else PurePath(row.filename).stem
        name = request.GET.get("list", "") or chosen
        return _columns_page(request, row, list_name=name[:_NAME_LIMIT], tags=", ".join(row.tags))
    row.mapping = _read_mapping(row, request.POST)
    row.kinds = _read_kinds(row, request.POST)
    if (policy := request.POST.get("policy", "")) in set(ImportPolicy):
        row.policy = policy
    if (basis := request.POST.get("legal_basis", "")) in set(LegalBasis):
        row.legal_basis = basis
    if (kind := request.POST.get("subscribers", "")) in set(Subscribers):
        row.subscribers = kind
    row.source = " ".join(request.POST.get("source", "").replace("\0", " ").split())[:SOURCE_LIMIT]
    row.tidy_names = "tidy_names" in request.POST
    name, tags = request.POST.get("list_name", ""), request.POST.get("tags", "")
    try:
        services.note_ground(row, on=request.POST.get("basis_on", ""), page=request.POST.get("basis_page", ""))
        row.tags = list(parse_tags(tags))
        if request.POST.get("then") == _LOOK:
            services.choose(row, row.mapping, name)
            services.start_dry_run(row)
            return redirect(request.member.url("contacts:import_changes", row.pk))
        services.confirm_onto(row, row.mapping, name)
    except (BadMapping, BadContact) as error:
        return _columns_page(request, row, list_name=name, tags=tags, error=str(error))
    except IllegalMove:
        messages.info(request, "This import was confirmed already.")
    return redirect(request.member.url("contacts:import_progress", row.pk))


@require_POST
@member_page(Role.MEMBER)
def reading(request: MemberRequest, import_id: int) -> HttpResponse:
    """Read the file as the form says, or another sheet of it."""
    row = queries.import_for(request.member, import_id)
    wanted = _wanted(row, request.POST)
    sheet = _sheet(request.POST)
    if sheet < len(row.sheets) if row.sheets else wanted is not None:
        try:
            services.reread(
                row,
                wanted or _wanted_sheet(request.POST, is_same=sheet == row.sheet),
                sheet=sheet,
            )
        except BadFile as error:
            messages.error(request, f"Read that way the file makes no sense: {error}")
        except IllegalMove:
            messages.info(request, "This import was confirmed already.")
    return redirect(request.member.url("contacts:import_map", row.pk))


@require_GET
@member_page(Role.VIEWER)
def progress(request: MemberRequest, import_id: int) -> HttpResponse:
    """Show how far the import is; once it has ended, lead on to the result."""
    row = queries.import_for(request.member, import_id)
    if row.state == ImportState.UPLOADED:
        return redirect(request.member.url("contacts:import_map", row.pk))
    if row.state not in {ImportState.QUEUED, ImportState.RUNNING}:
        result = request.member.url("contacts:import_result", row.pk)
        return HttpResponseClientRedirect(result) if request.htmx else redirect(result)
    context = {"import": row, "progress": queries.progress_of(row, now=clock.now())}
    return render_region(request, f"{_FOLDER}/import_progress.html", context, region="progress")


@require_POST
@member_page(Role.MEMBER)
def cancel(request: MemberRequest, import_id: int) -> HttpResponse:
    """Stop the import."""
    row = queries.import_for(request.member, import_id)
    try:
        services.cancel_import(row)
        messages.success(request, f"Import of {row.filename} cancelled; no contact was changed.")
    except IllegalMove:
        messages.info(request, "The import had ended already.")
    return redirect(request.member.url("contacts:import_result", row.pk))


@require_GET
@member_page(Role.VIEWER)
def result(request: MemberRequest, import_id: int) -> HttpResponse:
    """Show the counts, what was left empty, and who was rejected with the cause."""
    row = queries.import_for(request.member, import_id)
    if row.state in {ImportState.QUEUED, ImportState.RUNNING, ImportState.UPLOADED}:
        return redirect(request.member.url("contacts:import_progress", row.pk))
    rejected = row.told_rejections.order_by("line", "pk")[:_SHOWN_REJECTIONS]
    context = {
        "import": row,
        "rejected": rejected,
        "shown": _SHOWN_REJECTIONS,
        "causes": queries.causes_of(row),
        "can_be_undone": queries.can_be_undone(row),
        **_people_urls(request, row),
        "kept": queries.kept_by_cause(row.undo.get("kept", {})),
        "encoding": encoding.LABELS.get(row.encoding, row.encoding),
        "delimiter": dialect.LABELS.get(row.delimiter, row.delimiter),
        "policy": POLICY_WORDS[ImportPolicy(row.policy)][0],
        "place": "Row" if row.sheets else "Line",
        "took": row.finished_at - row.started_at if row.finished_at and row.started_at else None,
    }
    return render_region(request, f"{_FOLDER}/import_result.html", context)


def _people_urls(request: MemberRequest, row: ContactImport) -> dict[str, str]:
    """Return the pages of whom it updated, and left unchanged, as long as it is on record who they are."""
    if not queries.can_be_undone(row):
        return {f"{did}_url": "" for did in queries.IMPORT_DID}
    url = request.member.url("contacts:list")
    queries_of = {did: queries.Filters(import_id=row.pk, import_as=did).as_query() for did in queries.IMPORT_DID}
    return {f"{did}_url": f"{url}?{query}" for did, query in queries_of.items()}


@require_GET
@member_page(Role.MEMBER)
def rejected_file(request: MemberRequest, import_id: int) -> HttpResponseBase:
    """Stream the rejected rows: line, cause, original."""
    return rejected_rows(request, queries.import_for(request.member, import_id))


@require_GET
@member_page(Role.VIEWER)
def history(request: MemberRequest) -> HttpResponse:
    """Show the imports of the workspace, newest first."""
    page = paged(request, queries.imports_of(request.member), by="id")
    return render_region(request, f"{_FOLDER}/import_history.html", {"page": page}, region="results")


def _upload_page(request: MemberRequest, form: UploadForm) -> HttpResponse:
    context = {
        "form": form,
        "limit_mb": SIZE_LIMIT_BYTES // 2**20,
        "packed_limit_mb": PACKED_LIMIT_BYTES // 2**20,
        "list_name": request.GET.get("list", request.POST.get("list_name", ""))[:_NAME_LIMIT],
    }
    return render_region(request, f"{_FOLDER}/import.html", context, status=422 if form.errors else 200)


def _columns_page(
    request: MemberRequest, row: ContactImport, *, list_name: str = "", tags: str = "", error: str = ""
) -> HttpResponse:
    context = {
        "import": row,
        "preview": queries.preview(row),
        "targets": list(LABELS.items()),
        "encodings": list(encoding.LABELS.items()),
        "delimiters": list(dialect.LABELS.items()),
        "quotes": [(mark or "none", words, mark == row.quote) for mark, words in dialect.QUOTE_LABELS.items()],
        "bases": [(value, words, value == row.legal_basis) for value, words in BASIS_LABELS.items()],
        "source_limit": SOURCE_LIMIT,
        "page_limit": PAGE_LIMIT,
        "subscribers": [(value, words, value == row.subscribers) for value, words in SUBSCRIBER_LABELS.items()],
        "policies": [(value, *words, value == row.policy) for value, words in POLICY_WORDS.items()],
        "lists": queries.list_names_of(request.member),
        "list_name": list_name,
        "tags": tags,
        "known_tags": queries.tag_names_of(request.member),
        "error": error,
    }
    return render_region(request, f"{_FOLDER}/import_map.html", context, status=422 if error else 200)


def _read_mapping(row: ContactImport, post: QueryDict) -> dict[str, str]:
    """Return the mapping of the form: "column-3" says where the fourth column goes, "name-3" names a custom field."""
    mapping = {}
    for at, name in enumerate(row.columns):
        target = post.get(f"column-{at}", IGNORE)
        if target == CUSTOM:
            target = CUSTOM_PREFIX + (post.get(f"name-{at}", "").strip() or custom_name(name, at + 1))
        mapping[name] = target
    return mapping


def _read_kinds(row: ContactImport, post: QueryDict) -> dict[str, str]:
    """Return the kinds of the form: "kind-3" says what the custom field of the fourth column holds."""
    return {
        target.removeprefix(CUSTOM_PREFIX): typed.code
        for at, target in enumerate(row.mapping.values())
        if target.startswith(CUSTOM_PREFIX) and (typed := typed_from(post.get(f"kind-{at}", "")))
    }


def _wanted(row: ContactImport, post: QueryDict) -> Wanted | None:
    """Return how a text shall be read; None when the form makes no sense.

    With another encoding everything is another text: what was found in the old one is found out anew. So is where
    the table begins, with other marks.
    """
    code, delimiter, quote = post.get("encoding", ""), post.get("delimiter", ""), post.get("quote", FIND_OUT)
    mark = None if quote == FIND_OUT else {"none": ""}.get(quote, quote)
    known = delimiter == "" or delimiter in dialect.LABELS
    if code not in encoding.LABELS or not known or not (mark is None or mark in dialect.QUOTE_LABELS):
        return None
    if code != row.encoding:
        return Wanted(code, "" if delimiter == row.delimiter else delimiter, None if mark == row.quote else mark)
    is_same = (delimiter, mark) == (row.delimiter, row.quote)
    return Wanted(code, delimiter, mark, _header(post), _skip(post) if is_same else None)


def _wanted_sheet(post: QueryDict, *, is_same: bool) -> Wanted:
    """Return how a sheet shall be read; is_same says that the form was about this one."""
    return Wanted(sheets.ENCODING, has_header=_header(post), skip_lines=_skip(post) if is_same else None)


def _skip(post: QueryDict) -> int | None:
    """Return how many lines stand above the table; None when they shall be found."""
    text = post.get("skip", "").strip()
    return min(int(text), _SKIP_LIMIT) if text.isascii() and text.isdecimal() and len(text) < 6 else None


def _sheet(post: QueryDict) -> int:
    """Return the place of the chosen sheet, from 0; a workbook has far fewer than four digits can say."""
    text = post.get("sheet", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0


def _header(post: QueryDict) -> bool | None:
    return {"yes": True, "no": False}.get(post.get("header", ""))
