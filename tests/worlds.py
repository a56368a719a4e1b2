"""A whole workspace with a row of everything, and a way to see whether anything in it has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.apps import apps
from django.db.models import ForeignKey, Model, QuerySet
from django.urls import URLPattern, URLResolver, get_resolver

from campaigns.contacts.models import (
    AddressCheck,
    BulkAct,
    BulkPart,
    CheckedDomain,
    Contact,
    ContactEdit,
    ContactImport,
    ContactList,
    ContactNote,
    CustomField,
    Erasure,
    ImportChunk,
    LiftedSuppression,
    ListInterest,
    RejectedRow,
    Retention,
    RetentionRun,
    Segment,
    SegmentUse,
    Suppression,
)
from campaigns.library.models import Snippet, StepTemplate, TemplateUse
from campaigns.sequences.models import (
    AudienceSegment,
    Branch,
    Campaign,
    ClosedDays,
    HolidayRegion,
    Path,
    RemovedPart,
    Variant,
    WordingVersion,
)
from outreach.accounts.keys import Scope
from outreach.accounts.models import ApiKey, KeptAnswer, Membership, Workspace
from outreach.accounts.programs import Wish, create_key
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.domains.models import DomainKey, WatchedDomain
from sending.inbox.models import InboundMessage, SetAside, Thread, WordRule
from sending.inbox.threads.placing import place
from sending.inbox.threads.services import add_note, put_label
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.links.models import TrackingDomain
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.planner.models import Enrollment
from sending.rehearsal.models import Rehearsal, RehearsedArrival, RehearsedMessage, RehearsedPerson
from tests import builders

ROOMS = {
    config.label for config in apps.get_app_configs() if config.name.startswith(("outreach.", "campaigns.", "sending."))
}


@dataclass(frozen=True, slots=True)
class World:
    """One workspace. The word `marker` stands in each of its rows, and nowhere else."""

    marker: str
    workspace: Workspace
    owner: Membership
    api_key: ApiKey
    contact: Contact
    note: ContactNote
    contact_list: ContactList
    contact_import: ContactImport
    address_check: AddressCheck
    custom_field: CustomField
    bulk_act: BulkAct
    segment: Segment
    suppression: Suppression
    campaign: Campaign
    variant: Variant
    path: Path
    branch: Branch
    removed: RemovedPart
    mailbox: Mailbox
    domain_key: DomainKey
    watched_domain: WatchedDomain
    tracking_domain: TrackingDomain
    enrollment: Enrollment
    message: OutboundMessage
    inbound: InboundMessage
    thread: Thread
    aside: SetAside
    word_rule: WordRule
    rehearsed: RehearsedMessage
    arrival: RehearsedArrival
    template: StepTemplate
    snippet: Snippet


def make_world(marker: str) -> World:
    """Build a workspace whose owner is owner@<marker>.example."""
    workspace = builders.make_workspace(marker, name=f"{marker} Ltd")
    owner = builders.make_member(workspace, Role.OWNER)
    contact = builders.make_contact(workspace, f"ada@{marker}.example", first_name=marker)
    ContactEdit.objects.create(contact=contact, changes={"first_name": ["", marker]}, made_by=owner.user)
    contact_list = _weighed(builders.make_list(workspace, f"{marker} leads", (contact,)), marker)
    content = f"email\nada@{marker}.example\n".encode()
    contact_import = builders.make_import(
        workspace,
        f"{marker}.csv",
        contact_list=contact_list,
        encoding="utf-8",
        delimiter=",",
        columns=["email"],
        size_bytes=len(content),
    )
    ImportChunk.objects.create(
        contact_import=contact_import, number=0, content=f"email\nada@{marker}.example\n".encode()
    )
    RejectedRow.objects.create(contact_import=contact_import, line=2, cause="No address", original=marker)
    address_check = AddressCheck.objects.create(workspace=workspace, contact_list=contact_list, domains_total=1)
    CheckedDomain.objects.create(address_check=address_check, domain=f"{marker}.example")
    bulk_act = BulkAct.objects.create(
        workspace=workspace, action="add", contact_list=contact_list, note=marker, query=f"q={marker}", total=1
    )
    BulkPart.objects.create(bulk_act=bulk_act, number=0, ids=[contact.pk])
    segment = builders.make_segment(workspace, f"{marker} people", f"first_name is {marker}")
    inner = builders.make_segment(workspace, f"{marker} inner", f"company is {marker}")
    SegmentUse.objects.create(outer=segment, inner=inner)
    campaign = builders.make_campaign(workspace, f"{marker} autumn")
    builders.make_audience(campaign, contact_list)
    AudienceSegment.objects.create(campaign=campaign, segment=segment)
    holiday = date(2026, 12, 24)
    for one in (campaign, None):
        ClosedDays.objects.create(workspace=workspace, campaign=one, first=holiday, last=holiday, name=marker)
        HolidayRegion.objects.create(workspace=workspace, campaign=one, country="DE", part="BY")
    Erasure.objects.create(
        workspace=workspace,
        contact_id=0,
        print=marker,
        state="done",
        wanted_by=owner.user.email,
        wanted_at=clock.now(),
        done_at=clock.now(),
    )
    Retention.objects.create(workspace=workspace, files_days=30)
    RetentionRun.objects.create(workspace=workspace, begun_at=clock.now(), finished_at=clock.now())
    LiftedSuppression.objects.create(
        workspace=workspace,
        scope="address",
        value=f"once@{marker}.example",
        reason="manual",
        suppressed_at=clock.now(),
        why=marker,
        lifted_by=owner.user.email,
        lifted_at=clock.now(),
    )
    variant = builders.make_step(campaign, subject=f"{marker} subject", body=f"{marker} body")
    WordingVersion.objects.create(variant=variant, number=0, subject=marker)
    path = Path.objects.create(campaign=campaign, number=1, name=f"{marker} path")
    builders.make_step(campaign, 101, subject=f"{marker} answer", body=f"{marker} body")
    removed = RemovedPart.objects.create(
        campaign=campaign, content={"step": variant.step_id, "wordings": [{"label": "Z", "subject": marker}]}
    )
    mailbox = builders.make_mailbox(workspace, f"me@{marker}.example")
    builders.make_sender(campaign, mailbox)
    enrollment = builders.make_enrollment(campaign, contact, mailbox=mailbox)
    message = builders.make_message(enrollment, variant, mailbox)
    about: dict[str, Any] = {
        "campaign_id": campaign.pk,
        "contact_id": contact.pk,
        "mailbox_id": mailbox.pk,
        "message_id": message.pk,
    }
    record([Entry(workspace.pk, EventKind.SENT, clock.now(), **about)])
    rehearsal = Rehearsal.objects.create(
        workspace=workspace,
        campaign=campaign,
        state="done",
        days=30,
        finished_at=clock.now(),
        report={
            "ending": "done",
            "people": 1,
            "checks": [],
            "findings": [{"code": "paused", "tone": "red", "count": 1, "words": marker}],
        },
    )
    rehearsed = RehearsedMessage.objects.create(
        rehearsal=rehearsal,
        contact=contact,
        recipient=contact.email,
        mailbox=mailbox.address,
        position=1,
        at=clock.now(),
        outcome="accepted",
        subject=f"{marker} subject",
        message_id=f"<rehearsed@{marker}.example>",
        raw=f"Subject: {marker}\r\n\r\n{marker}".encode(),
    )
    RehearsedPerson.objects.create(
        rehearsal=rehearsal, contact=contact, email=contact.email, state="active", messages=1
    )
    api_key, _ = create_key(owner, Wish(f"{marker} CRM", list(Scope), Role.OWNER))
    KeptAnswer.objects.create(
        workspace=workspace, key=marker, fingerprint="", status=201, content_type="application/json",
        body=marker.encode(), created_at=clock.now(),
    )  # fmt: skip
    template = builders.make_template(workspace, f"{marker} template", text=f"{marker} text")
    TemplateUse.objects.create(
        template=template, variant=variant, digest=marker, used_by=owner.user, used_at=clock.now()
    )
    inbound = builders.make_inbound(mailbox, subject=f"{marker} answer", contact=contact, answers=message)
    InboundMessage.objects.filter(pk=inbound.pk).update(raw=f"Content-Type: application/pdf\r\n\r\n{marker}".encode())
    thread = place(inbound, (), None)
    put_label(owner, thread, f"{marker} label")
    add_note(owner, thread, f"{marker} note")
    return World(
        marker=marker,
        workspace=workspace,
        owner=Membership.objects.get(workspace=workspace, user=owner.user),
        api_key=api_key,
        contact=contact,
        note=ContactNote.objects.create(contact=contact, text=f"{marker} note", created_by=owner.user),
        contact_list=contact_list,
        contact_import=contact_import,
        address_check=address_check,
        custom_field=CustomField.objects.create(workspace=workspace, name=marker),
        bulk_act=bulk_act,
        segment=segment,
        suppression=builders.make_suppression(workspace, f"never@{marker}.example"),
        campaign=campaign,
        variant=variant,
        path=path,
        branch=builders.make_branch(variant.step_id, path, where=f"title is {marker}"),
        removed=removed,
        mailbox=mailbox,
        domain_key=builders.make_domain_key(workspace, f"{marker}.example"),
        watched_domain=WatchedDomain.objects.create(workspace=workspace, domain=f"{marker}.example"),
        tracking_domain=builders.make_tracking_domain(workspace, f"go.{marker}.example"),
        enrollment=enrollment,
        message=message,
        rehearsed=rehearsed,
        arrival=RehearsedArrival.objects.create(
            message=rehearsed,
            at=clock.now(),
            part="reply",
            kind="human_reply",
            subject=f"Re: {marker}",
            raw=marker.encode(),
        ),
        inbound=inbound,
        thread=thread,
        word_rule=WordRule.objects.create(
            workspace=workspace, about="bounce", words=f"{marker} words", means="temporary"
        ),
        aside=builders.make_set_aside(mailbox, reason=f"{marker} reason"),
        template=template,
        snippet=builders.make_snippet(workspace, f"{marker} snippet", f"{marker} text"),
    )


def _weighed(contact_list: ContactList, marker: str) -> ContactList:
    texts = {"purpose": marker, "necessity": marker, "balancing": marker}
    at = clock.now()
    ListInterest.objects.create(
        contact_list=contact_list, version=1, decided_by=marker, decided_at=at, review_on=at.date(), **texts
    )
    return contact_list


def models_of_rooms() -> list[type[Model]]:
    """Return every model of every room of ours."""
    return [model for model in apps.get_models() if model._meta.app_label in ROOMS]


def foreign_keys(model: type[Model]) -> list[ForeignKey[Model, Model]]:
    return [field for field in model._meta.concrete_fields if isinstance(field, ForeignKey)]


def way_to_workspace(model: type[Model]) -> str | None:
    """Return the lookup from a model to its workspace over keys that are never empty, "" for Workspace itself."""
    seen, ways = {model}, [("", model)]
    while ways:
        way, here = ways.pop(0)
        if here is Workspace:
            return way
        for key in foreign_keys(here):
            target = key.related_model
            if not key.null and target not in seen:
                seen.add(target)
                ways.append((f"{way}__{key.name}".lstrip("_"), target))
    return None


def rows_of(workspace: Workspace) -> dict[str, list[dict[str, object]]]:
    """Return every row of a workspace, to compare before and after."""
    return {model._meta.label: list(_of(model, workspace).order_by("pk").values()) for model in models_of_rooms()}


def crossing_keys() -> list[str]:
    """Return every key that leads from a row of one workspace to a row of another."""
    found = []
    for model in models_of_rooms():
        own = way_to_workspace(model)
        for key in foreign_keys(model):
            other = way_to_workspace(key.related_model) if key.related_model._meta.app_label in ROOMS else None
            if not own or other is None or key.related_model is Workspace:
                continue
            pairs = model._base_manager.exclude(**{f"{key.name}": None}).values_list(own, f"{key.name}__{other}")
            found += [f"{model._meta.label}.{key.name}" for mine, theirs in pairs if mine != theirs]
    return found


def every_url() -> dict[str, URLPattern]:
    """Return every address of the program by its name with namespace."""
    return dict(_walk(get_resolver().url_patterns, ""))


def _walk(patterns: list[URLPattern | URLResolver], namespace: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, inner)
        else:
            assert pattern.name, f"{pattern.pattern} has no name"
            yield f"{namespace}{pattern.name}", pattern


def _of(model: type[Model], workspace: Workspace) -> QuerySet[Model]:
    way = way_to_workspace(model)
    if way is None:
        return model._base_manager.none()
    return model._base_manager.filter(**{way or "pk": workspace.pk})
