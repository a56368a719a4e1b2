from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from campaigns.contacts import queries, services
from campaigns.contacts.core.suppressing import SUFFIX_LABELS, Rule, parse_rule, wildcard_keys, wildcards_in_sql
from campaigns.contacts.errors import BadFile, MayNotLift
from campaigns.contacts.models import Contact, LiftedSuppression, Suppression
from campaigns.contacts.queries.suppressions import IsSuppressed
from campaigns.contacts.states import SuppressionReason, SuppressionScope
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from outreach.kit.addresses import BadAddress, parse_address
from tests.builders import make_contact, make_list, make_member, make_workspace

pytestmark = pytest.mark.django_db


def test_suppressing_twice_is_once_and_keeps_the_first_evidence() -> None:
    workspace = make_workspace()
    assert services.suppress(workspace, " Ada@X.com ", SuppressionReason.OPTED_OUT, evidence="please stop")
    assert not services.suppress(workspace, "ada@x.com", SuppressionReason.COMPLAINED, evidence="later")
    row = Suppression.objects.get()
    assert (row.value, row.reason, row.evidence) == ("ada@x.com", "opted_out", "please stop")


def test_an_opt_out_replaces_a_reason_that_anybody_could_lift() -> None:
    workspace = make_workspace()
    services.suppress(workspace, "ada@x.com", SuppressionReason.MANUAL)
    assert services.suppress(workspace, "ada@x.com", SuppressionReason.OPTED_OUT, evidence="STOP\0")
    row = Suppression.objects.get()
    assert (row.reason, row.evidence) == ("opted_out", "STOP\ufffd")
    assert not services.suppress(workspace, "ada@x.com", SuppressionReason.MANUAL)
    row.refresh_from_db()
    assert row.reason == "opted_out"


def test_what_is_no_address_or_domain_is_refused() -> None:
    workspace = make_workspace()
    with pytest.raises(BadAddress):
        services.suppress(workspace, "nope", SuppressionReason.MANUAL)
    with pytest.raises(BadAddress):
        services.suppress_rule(workspace, "com", SuppressionReason.MANUAL)
    assert not Suppression.objects.exists()


def test_an_address_its_domain_and_the_domains_above_forbid_writing() -> None:
    workspace, other = make_workspace(), make_workspace("other")
    services.suppress(workspace, "ada@x.com", SuppressionReason.OPTED_OUT)
    services.suppress_rule(workspace, "Evil.com", SuppressionReason.MANUAL)
    services.suppress(other, "cy@x.com", SuppressionReason.MANUAL)
    asked = ["ada@x.com", "bob@x.com", "a@evil.com", "a@mail.evil.com", "a@notevil.com", "cy@x.com"]
    found = queries.suppressed_keys(workspace.pk, asked)
    assert {key: (row.scope, row.value) for key, row in found.items()} == {
        "ada@x.com": (SuppressionScope.ADDRESS, "ada@x.com"),
        "a@evil.com": (SuppressionScope.DOMAIN, "evil.com"),
        "a@mail.evil.com": (SuppressionScope.DOMAIN, "evil.com"),
    }
    assert queries.is_suppressed(workspace.pk, "ada@x.com")
    assert not queries.is_suppressed(workspace.pk, "bob@x.com")


def test_any_number_of_keys_is_one_query_and_another_where_there_are_wildcards(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    workspace = make_workspace()
    services.suppress_rule(workspace, "x.com", SuppressionReason.MANUAL)
    keys = [f"p{n}@mail.x.com" for n in range(500)]
    with django_assert_num_queries(1):
        assert len(queries.suppressed_keys(workspace.pk, keys)) == 500
    services.suppress_rule(workspace, "*@*.y.com", SuppressionReason.MANUAL)
    with django_assert_num_queries(2):
        assert len(queries.suppressed_keys(workspace.pk, [*keys, "p@mail.y.com"])) == 501
    with django_assert_num_queries(0):
        assert queries.suppressed_keys(workspace.pk, []) == {}


LABEL = st.sampled_from(["a", "b", "evil", "com", "рф", "bücher"])
DOMAIN = st.lists(LABEL, min_size=1, max_size=6).map(".".join)
LOCAL = st.sampled_from(["info", "Info", "ada", "ädam", "o'neil"])
ADDRESS = st.builds("{}@{}.com".format, LOCAL, DOMAIN)
SUFFIX = st.lists(LABEL, min_size=1, max_size=SUFFIX_LABELS).map(".".join)
RULE = st.one_of(
    ADDRESS,
    st.builds("{}.com".format, DOMAIN),
    st.builds("*.{}".format, SUFFIX),
    st.builds("{}@*".format, LOCAL),
    st.builds("{}@*.{}".format, LOCAL, SUFFIX),
)


def forbids(rule: Rule, key: str) -> bool:
    """Say what a rule means, by comparing texts and not by keys."""
    local, _, domain = key.partition("@")
    if rule.scope == SuppressionScope.ADDRESS:
        return rule.value == key
    if rule.scope == SuppressionScope.DOMAIN:
        return f".{domain}".endswith(f".{rule.value}")
    name, _, place = rule.value.partition("@")
    return name in {"*", local} and (place == "*" or domain.endswith(place.removeprefix("*")))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(RULE, max_size=5), addresses=st.lists(ADDRESS, min_size=1, max_size=6))
def test_every_answer_of_the_database_is_that_of_the_plain_meaning(texts: list[str], addresses: list[str]) -> None:
    workspace = Workspace.objects.create(slug=f"w{Workspace.objects.count()}", name="W")
    rules = [parse_rule(text) for text in texts]
    for text in texts:
        services.suppress_rule(workspace, text.upper(), SuppressionReason.MANUAL)
    keys = sorted({parse_address(one).key for one in addresses})
    meant = {key for key in keys if any(forbids(rule, key) for rule in rules)}
    assert set(queries.suppressed_keys(workspace.pk, keys)) == meant
    for key in keys:
        make_contact(workspace, key)
    barred = Contact.objects.filter(workspace=workspace, pk__in=queries.suppressed_contacts(workspace.pk))
    assert set(barred.values_list("email_key", flat=True)) == meant
    asked = Contact.objects.filter(Q(IsSuppressed(workspace.pk)), workspace=workspace)
    assert set(asked.values_list("email_key", flat=True)) == meant
    listed = make_list(workspace, "All", tuple(Contact.objects.filter(workspace=workspace)))
    assert queries.verdict_counts(workspace.pk, [listed.pk]).get(queries.SUPPRESSED, 0) == len(meant)
    with connection.cursor() as cursor:
        expression = wildcards_in_sql("c.email_key", "c.domain")
        cursor.execute(
            f"SELECT email_key, {expression} FROM contacts_contact c WHERE workspace_id = %s",  # noqa: S608
            [workspace.pk],
        )
        for key, values in cursor.fetchall():
            assert {one for one in values if not one.endswith(".")} == {value for _, value in wildcard_keys(key)}


@pytest.mark.parametrize(
    ("text", "scope", "value"),
    [
        ("Ada@Bücher.example", "address", "ada@xn--bcher-kva.example"),
        (" @Example.com ", "domain", "example.com"),
        ("*@example.com", "domain", "example.com"),
        ("*.Example.com", "wildcard", "*@*.example.com"),
        ("*@*.GOV", "wildcard", "*@*.gov"),
        ("*@*.рф", "wildcard", "*@*.xn--p1ai"),
        ("Info@*", "wildcard", "info@*"),
        ("no-reply@*.a.b.example.com", "wildcard", "no-reply@*.a.b.example.com"),
    ],
)
def test_what_may_be_written_has_one_form(text: str, scope: str, value: str) -> None:
    assert parse_rule(text) == Rule(SuppressionScope(scope), value)


@pytest.mark.parametrize(
    "text",
    [
        "*", "*@*", "*@*.*", "in*@example.com", "*in@example.com", "**@example.com", "info@exam*.com", "info@*com",
        "info@*.", "*.a.b.c.example.com", "info@*.*.com", "a b@*", "@*", "*.exa_mple.com", "*@", "com", "",
    ],
)  # fmt: skip
def test_what_would_have_to_be_tried_as_a_pattern_is_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        parse_rule(text)


def test_a_file_suppresses_whom_it_names_and_tells_of_each_row_that_names_nobody() -> None:
    member = make_member(make_workspace())
    services.suppress(member.workspace, "known@x.com", SuppressionReason.MANUAL)
    text = (
        "Reason;E-Mail;Note\nopted_out;Ada@X.com;wrote to us\n;example.org;\nnonsense;*@*.gov;\n"
        ";known@x.com;\n;not an address;\n;ada@x.com;again\n;'-dash@x.com;\n"
    )
    taken = services.import_suppressions(member, "old.csv", [text.encode("utf-16")])
    assert (taken.rows, taken.added, taken.known, taken.wrong) == (7, 4, 2, 1)
    (wrong,) = taken.errors
    assert (wrong.line, wrong.text) == (6, ", not an address, ")
    rows = {
        row.value: (row.scope, row.reason, row.evidence) for row in Suppression.objects.exclude(value="known@x.com")
    }
    assert rows == {
        "ada@x.com": ("address", "opted_out", "wrote to us"),
        "example.org": ("domain", "imported", "Imported from old.csv"),
        "*@*.gov": ("wildcard", "imported", "Imported from old.csv"),
        "-dash@x.com": ("address", "imported", "Imported from old.csv"),
    }
    again = services.import_suppressions(member, "old.csv", [text.encode("utf-16")])
    assert (again.added, again.known) == (0, 6)
    bare = services.import_suppressions(member, "bare.txt", [b"one@x.com\r\ntwo@x.com\r\n"])
    assert (bare.rows, bare.added) == (2, 2)
    with pytest.raises(BadFile, match="nobody is named"):
        services.import_suppressions(member, "empty.csv", [b"email\n"])


def test_what_is_exported_can_be_imported_elsewhere() -> None:
    member, other = make_member(make_workspace()), make_member(make_workspace("other"))
    for text in ("-dash@x.com", "example.org", "*@*.gov", "info@*"):
        services.suppress_rule(member.workspace, text, SuppressionReason.COMPLAINED, evidence="=1+1", by=member.user)
    client = Client()
    client.force_login(member.user)
    answer = client.get(member.url("contacts:suppression_export"))
    taken = services.import_suppressions(other, "suppressions.csv", [answer.getvalue()])
    assert (taken.added, taken.wrong) == (4, 0)
    columns = ("scope", "value", "reason", "evidence")
    ours, theirs = (set(one.workspace.suppression_set.values_list(*columns)) for one in (member, other))
    assert ours == theirs


def test_what_was_lifted_stays_written_down_and_cannot_be_changed() -> None:
    admin = make_member(make_workspace(), Role.ADMIN)
    services.suppress(admin.workspace, "ada@x.com", SuppressionReason.OPTED_OUT, evidence="stop")
    row = Suppression.objects.get()
    with pytest.raises(MayNotLift, match="Say why"):
        services.lift(admin, row, typed="ada@x.com", why=" \0 ")
    services.lift(admin, row, typed="ada@x.com", why="She asked\nto come back")
    lifted = LiftedSuppression.objects.get()
    told = (lifted.value, lifted.reason, lifted.evidence, lifted.suppressed_at, lifted.why, lifted.lifted_by)
    assert told == ("ada@x.com", "opted_out", "stop", row.created_at, "She asked to come back", admin.user.email)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        LiftedSuppression.objects.update(why="nothing")
    moments, _ = queries.timeline_of(admin, make_contact(admin.workspace, "ada@x.com"))
    titles = [one.title for one in moments]
    assert "Suppression of ada@x.com lifted" in titles
    assert "ada@x.com suppressed: opted out" in titles


def test_a_member_lifts_what_a_person_added() -> None:
    workspace = make_workspace()
    services.suppress(workspace, "ada@x.com", SuppressionReason.MANUAL)
    services.lift(make_member(workspace, Role.MEMBER), Suppression.objects.get(), why="x")
    assert not Suppression.objects.exists()


def test_an_opt_out_is_lifted_only_by_an_admin_who_types_the_address() -> None:
    workspace = make_workspace()
    services.suppress(workspace, "ada@x.com", SuppressionReason.OPTED_OUT)
    row = Suppression.objects.get()
    member, admin = make_member(workspace, Role.MEMBER), make_member(workspace, Role.ADMIN)
    with pytest.raises(MayNotLift, match="Only an admin"):
        services.lift(member, row, why="x", typed="ada@x.com")
    with pytest.raises(MayNotLift, match="Type ada@x"):
        services.lift(admin, row, why="x", typed="")
    services.lift(admin, row, why="x", typed=" ADA@x.com ")
    assert not Suppression.objects.exists()


def test_a_viewer_lifts_nothing() -> None:
    workspace = make_workspace()
    services.suppress(workspace, "ada@x.com", SuppressionReason.MANUAL)
    with pytest.raises(MayNotLift):
        services.lift(make_member(workspace, Role.VIEWER), Suppression.objects.get(), why="x")


def test_a_reason_that_became_binding_meanwhile_is_not_lifted_by_an_old_page() -> None:
    workspace = make_workspace()
    services.suppress(workspace, "ada@x.com", SuppressionReason.MANUAL)
    seen = Suppression.objects.get()
    services.suppress(workspace, "ada@x.com", SuppressionReason.OPTED_OUT)
    services.lift(make_member(workspace, Role.MEMBER), seen, why="x")
    assert Suppression.objects.get().reason == "opted_out"
