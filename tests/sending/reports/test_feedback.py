"""Opt-outs and complaints: by their way, of what was delivered, and a warning only beyond chance."""

from __future__ import annotations

import csv

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from outreach.accounts.keys import Scope
from sending.ledger.kinds import OPT_OUT_WAYS, EventKind, How
from sending.ledger.services import fold
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.reports.feedback import of_mailboxes
from sending.reports.objections import Counts, objections_of, out_of_line
from tests.builders import make_mailbox, make_member, make_workspace
from tests.programs import program_of
from tests.sending.reports.busy import Busy, make_busy, numbers_in, page_of, rows_behind, signed_in

SENT, LATE, HARD, OUT, BAD = (
    EventKind.SENT, EventKind.ASSUMED_SENT, EventKind.BOUNCED_HARD, EventKind.OPTED_OUT, EventKind.COMPLAINED,
)  # fmt: skip
NUMBERS = st.integers(0, 5_000)
BY_WAY = st.lists(NUMBERS, min_size=len(OPT_OUT_WAYS) + 1, max_size=len(OPT_OUT_WAYS) + 1)


def test_delivered_is_what_was_accepted_and_did_not_come_back() -> None:
    said = objections_of({
        (SENT, How.PLAIN): 100, (LATE, How.PLAIN): 2, (HARD, How.PLAIN): 9, (HARD, How.RETURNED): 4,
        (EventKind.BOUNCED_SOFT, How.RETURNED): 1, (OUT, How.PAGE): 2, (OUT, How.ANSWER): 3, (BAD, How.PLAIN): 1,
    })  # fmt: skip
    assert said.delivered == said.opt_outs.total == said.complaints.total == 97
    assert (said.opt_outs.hits, said.complaints.hits) == (5, 1)
    assert said.ways == [(How.PAGE, 2), (How.ANSWER, 3)]


@given(
    sent=NUMBERS,
    returned=NUMBERS,
    ways=st.lists(NUMBERS, min_size=len(OPT_OUT_WAYS) + 1, max_size=len(OPT_OUT_WAYS) + 1),
)
def test_ways_add_up_and_rates_are_rates(sent: int, returned: int, ways: list[int]) -> None:
    told: dict[tuple[EventKind, How], int] = {(SENT, How.PLAIN): sent, (HARD, How.RETURNED): returned}
    said = objections_of(told | {(OUT, how): n for how, n in zip((*OPT_OUT_WAYS, How.PLAIN), ways, strict=True)})
    assert said.opt_outs.hits == sum(ways) == sum(count for _, count in said.ways)
    assert said.delivered == max(0, sent - returned)
    assert 0 <= said.opt_outs.low <= said.opt_outs.high <= 1


def of(delivered: int, opt_outs: int) -> Counts:
    return {(SENT, How.PLAIN): delivered, (OUT, How.PAGE): opt_outs}


@pytest.mark.parametrize(
    ("mine", "others", "warns"),
    [
        ((300, 12), (2_500, 20), True),
        ((300, 4), (2_500, 1), False),  # four are no pattern
        ((300, 12), (2_500, 60), False),  # twice theirs lies within what chance explains
        ((300, 12), (50, 0), True),  # nobody to compare with: above 2 %
        ((300, 9), (50, 0), False),
        ((20, 5), (0, 0), True),
        ((0, 0), (0, 0), False),
    ],
)
def test_a_mailbox_is_out_of_line_only_beyond_chance(
    mine: tuple[int, int], others: tuple[int, int], *, warns: bool
) -> None:
    words = out_of_line(objections_of(of(*mine)), objections_of(of(*mine), of(*others)), days=30)
    assert bool(words) == warns
    if warns:
        assert words.startswith(f"{mine[1]} of {mine[0]} messages delivered in 30 days led to an opt-out, ")


@pytest.fixture
def busy(db: None) -> Busy:
    """Beside a busy campaign, a mailbox whose people leave; and the same in another workspace."""
    leave(make_busy(make_member(make_workspace("other")), done_count=1))
    made = make_busy(make_member(make_workspace()), done_count=300)
    leave(made)
    return made


def leave(busy: Busy) -> None:
    message = OutboundMessage.objects.filter(workspace=busy.member.workspace).earliest("pk")
    message.mailbox = make_mailbox(busy.member.workspace, "much@acme.example")
    for number in range(40):
        busy.tell(EventKind.SENT, message)
        if number < 8:
            busy.tell(EventKind.OPTED_OUT, message, how=(How.ONE_CLICK, How.PAGE)[number % 2])
    busy.tell(EventKind.COMPLAINED, message)


def test_pages_tell_the_numbers_with_their_rows_and_warn_with_the_reason(busy: Busy) -> None:
    fold()
    box = Mailbox.objects.get(workspace=busy.member.workspace, address="much@acme.example")
    warning = "8 of 40 messages delivered in 30 days led to an opt-out, 20 %; with 95 % confidence 10 % to 35 %."
    urls = [busy.member.url("reports:feedback"), busy.member.url("reports:mailbox_feedback", box.pk)]
    for url in [*urls, busy.member.url("reports:home")]:
        page = page_of(busy.member, url)
        assert page.count(warning) == 1, url
        found = list(numbers_in(page))
        assert found == [(rows_behind(busy.member, href), href) for _, href in found]
    results = page_of(busy.member, busy.member.url("reports:results", busy.campaign.pk))
    assert "By the button of their mail program" in results
    assert "Complaints by provider" in page_of(busy.member, urls[0])


def test_another_workspace_sees_its_own(busy: Busy) -> None:
    other = make_member(make_workspace("third"))
    assert of_mailboxes(other.workspace) == []
    box = Mailbox.objects.filter(workspace=busy.member.workspace).latest("pk")
    assert signed_in(other).get(other.url("reports:mailbox_feedback", box.pk)).status_code == 404
    assert "Nothing was delivered in 30 days" in page_of(other, other.url("reports:feedback"))


def test_the_file_and_the_api_have_the_same_numbers(busy: Busy) -> None:
    text = signed_in(busy.member).get(busy.member.url("reports:feedback_file")).getvalue().decode()
    rows = {row["name"]: row for row in csv.DictReader(text.removeprefix("\ufeff").splitlines())}
    row = rows["much@acme.example"]
    assert (row["of"], row["delivered"], row["opt-outs"], row["by one_click"], row["complaints"]) == (
        "mailbox", "40", "8", "4", "1",
    )  # fmt: skip
    program = program_of(busy.member, [Scope.CAMPAIGNS_READ])
    (much,) = [one for one in program.ask("GET", "/feedback/mailboxes").json()["results"] if one["name"] == row["name"]]
    assert much["opt_outs"]["count"] == 8
    assert much["opt_outs"]["rate"] == 0.2
    assert much["opt_outs_by_way"] == {"one_click": 4, "page": 4}
    assert much["warning"].startswith("8 of 40")
    (campaign,) = program.ask("GET", "/feedback/campaigns").json()["results"]
    assert (campaign["name"], campaign["opt_outs"]["count"]) == ("Autumn", 9)


def test_the_page_asks_as_often_for_many_mailboxes_as_for_two(busy: Busy) -> None:
    client, url = signed_in(busy.member), busy.member.url("reports:feedback")
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    message = OutboundMessage.objects.filter(workspace=busy.member.workspace).earliest("pk")
    for number in range(10):
        message.mailbox = make_mailbox(busy.member.workspace, f"box{number}@acme.example")
        busy.tell(EventKind.SENT, message)
    with CaptureQueriesContext(connection) as many:
        assert client.get(url).text.count("@acme.example</a>") == 12
    assert len(many) == len(few)
