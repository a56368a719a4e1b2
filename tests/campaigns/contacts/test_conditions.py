"""The compiled query finds exactly those of whom the pure rules say that the condition holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.contacts import services
from campaigns.contacts.core.segments import At, Deed, Did, DidIt, Either, Fact, Has, Node, Not, Person, matches, write
from campaigns.contacts.models import Contact, ListMember, MailDomain
from campaigns.contacts.queries.conditions import condition
from campaigns.contacts.states import SuppressionReason
from outreach.accounts.models import Workspace
from sending.bounces import Kind
from sending.inbox.models import InboundMessage
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from tests import builders
from tests.campaigns.contacts.trees import trees

NOW = datetime(2026, 11, 5, 23, 30, tzinfo=UTC)  # the sixth of November in Berlin
AT = At(NOW, ZoneInfo("Europe/Berlin"))
pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Town:
    """A workspace, and what is known of each of its people by contact id."""

    workspace: Workspace
    people: dict[int, Person]
    ids: list[int]  # of two lists, an import and two campaigns


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


SPECS: tuple[Person, ...] = (
    Person({"email": "ada@acme.com", "company": "Acme", "first_name": "Ada", "country": "DE"}, days_ago(0)),
    Person({"email": "a@x.com", "company": "ACME GmbH & Co", "city": "MÜNCHEN"}, days_ago(6.9), verdict="valid"),
    Person({"email": "bob@x.com", "city": "\u0130GDIR"}, days_ago(12), tags=frozenset({"vip"})),
    Person(
        {"email": "cy@mail.x.com", "company": '100% "The Best"'}, days_ago(31), fields={"note": "\u03a3\u0391\u03a3_1"}
    ),
    Person({"email": "dee@evil.com", "first_name": "and"}, days_ago(500), is_suppressed=True),
    Person({"email": "eve@sub.evil.com"}, datetime(2026, 10, 25, 22, 0, tzinfo=UTC), is_suppressed=True),
    Person({"email": "stop@acme.com"}, days_ago(3), is_suppressed=True, tags=frozenset({"vip", "fair 2026"})),
    Person({"email": "info@z.com"}, days_ago(2), is_suppressed=True),
    Person({"email": "n1@y.com"}, days_ago(1), fields={"seats": "10", "renewal": "2026-11-05", "customer": "yes"}),
    Person({"email": "n2@y.com"}, days_ago(1), fields={"seats": "10.50", "renewal": "2026-11-06", "customer": "no"}),
    Person({"email": "n3@y.com"}, days_ago(1), fields={"seats": "-1", "renewal": "2026-12-06"}),
    Person({"email": "n4@y.com"}, days_ago(1), fields={"seats": "ten", "renewal": "soon", "note": "x.com"}),
    Person({"email": "n5@y.com"}, days_ago(1), fields={"seats": "9" * 60, "renewal": "2026-10-07"}),
    Person({"email": "n6@y.com"}, days_ago(1), fields={"seats": "10\n", "renewal": "2026-11-05\n"}),
)


@pytest.fixture
def town() -> Town:
    workspace = builders.make_workspace()
    stranger = builders.make_contact(builders.make_workspace("other"), "ada@acme.com", company="Acme")
    lists = [builders.make_list(workspace, name) for name in ("One", "Two")]
    imported = builders.make_import(workspace)
    campaigns = [builders.make_campaign(workspace, name) for name in ("Spring", "Autumn")]
    mailbox = builders.make_mailbox(workspace)
    steps = [builders.make_step(campaign) for campaign in campaigns]
    MailDomain.objects.create(
        domain="x.com", verdict="mail", reason="mx", provider="google", checked_at=NOW, since=NOW, look_at=NOW
    )
    services.suppress_rule(workspace, "evil.com", SuppressionReason.MANUAL)
    builders.make_suppression(workspace, "info@*", scope="wildcard")
    services.suppress(workspace, "stop@acme.com", SuppressionReason.OPTED_OUT)
    people: dict[int, Person] = {}
    for number, spec in enumerate(SPECS):
        values = {**spec.values}
        contact = builders.make_contact(workspace, values.pop("email"), **values, fields=dict(spec.fields))
        Contact.objects.filter(pk=contact.pk).update(
            created_at=spec.added_at, verdict=spec.verdict, origin=imported if number % 3 == 0 else None
        )
        ListMember.objects.bulk_create(ListMember(contact_list=one, contact=contact) for one in lists[: number % 3])
        services.add_tags(workspace, [contact.pk], sorted(spec.tags))
        deeds: list[Did] = []
        if number < 9:
            campaign, step = campaigns[number % 2], steps[number % 2]
            enrollment = builders.make_enrollment(campaign, contact)
            sent_at = days_ago(number * 5)
            message = builders.make_message(enrollment, step, mailbox, at=sent_at)
            deeds.append(Did(Deed.MAILED, sent_at, campaign.pk))
            if number == 5:  # failed: nothing went out
                OutboundMessage.objects.filter(pk=message.pk).update(
                    state=MessageState.FAILED, sent_at=None, ended_at=sent_at
                )
                deeds.pop()
            if number in {1, 4}:
                builders.make_inbound(mailbox, contact=contact, answers=message, received_at=sent_at)
                deeds.append(Did(Deed.REPLIED, sent_at, campaign.pk))
            if number == 2:  # machines answer, too, and people write on their own
                builders.make_inbound(
                    mailbox, contact=contact, answers=message, received_at=sent_at, kind=Kind.AUTO_REPLY
                )
                builders.make_inbound(mailbox, contact=contact, received_at=sent_at)
            for kind, deed, whom in (
                (EventKind.BOUNCED_HARD, Deed.BOUNCED, 3),
                (EventKind.OPTED_OUT, Deed.OPTED_OUT, 6),
                (EventKind.CLICKED, Deed.CLICKED, 7),
                (EventKind.OPENED, Deed.OPENED, 8),
                (EventKind.CLICK_MACHINE, None, 4),  # of machines, or of nobody knows whom, no condition speaks
                (EventKind.OPEN_UNKNOWN, None, 4),
            ):
                if number == whom:
                    about: dict[str, Any] = {"campaign_id": campaign.pk, "contact_id": contact.pk}
                    record([Entry(workspace.pk, kind, sent_at, **about)])
                    deeds += [Did(deed, sent_at, campaign.pk)] if deed else []
        domain = contact.domain
        people[contact.pk] = replace(
            spec,
            values={**spec.values, "domain": domain},
            provider="google" if domain == "x.com" else "",
            lists=frozenset(one.pk for one in lists[: number % 3]),
            import_id=imported.pk if number % 3 == 0 else None,
            deeds=tuple(deeds),
        )
    assert InboundMessage.objects.filter(contact=stranger).count() == 0
    return Town(workspace, people, [*(one.pk for one in lists), imported.pk, *(one.pk for one in campaigns)])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_the_compiled_query_finds_whom_the_rules_name(town: Town, data: st.DataObject) -> None:
    node = data.draw(trees(st.sampled_from(town.ids)))
    assert found(town, node) == named(town, node), write(node)


def test_each_kind_of_condition_holds_for_some_and_not_for_others(town: Town) -> None:
    """Without this the agreement could be about nothing."""
    for fact, value in ((Fact.SUPPRESSED, ""), (Fact.PROVIDER, "google"), (Fact.TAG, "vip"), (Fact.VERDICT, "valid")):
        node = Has(fact, value)
        assert 0 < len(found(town, node)) < len(SPECS)
        assert found(town, Not(node)) == set(town.people) - found(town, node)
        assert found(town, Either((node, Not(node)))) == set(town.people)
    for deed in Deed:
        assert found(town, DidIt(deed)) == named(town, DidIt(deed)) != set(), deed


def found(town: Town, node: Node) -> set[int]:
    rows = Contact.objects.filter(condition(node, town.workspace.pk, AT), workspace=town.workspace)
    return set(rows.values_list("pk", flat=True))


def named(town: Town, node: Node) -> set[int]:
    return {pk for pk, person in town.people.items() if matches(node, person, AT)}
