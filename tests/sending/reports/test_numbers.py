"""Numbers equal the rows behind them, rates have their denominators, days are those of the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from outreach.accounts.models import Workspace
from sending.ledger.kinds import EventKind
from sending.ledger.queries import totals
from sending.reports.daily import overview_of
from sending.reports.results import rate, results_of, segments
from tests.builders import make_member, make_workspace
from tests.sending.reports.busy import Busy, make_busy, make_quiet, numbers_in, page_of, rows_behind

# People of a campaign by why they stopped and by whether they were begun: their page has no such filter yet.
_TOO_FINE = ("reason=", "begun=", "hold=none")


@pytest.fixture
def busy(db: None) -> Busy:
    make_busy(make_member(make_workspace("other")), done_count=1)  # never counted, never shown
    made = make_busy(make_member(make_workspace()))
    make_busy(made.member, "Winter", done_count=1)  # counted only where the workspace is
    return made


@pytest.mark.parametrize(("name", "least"), [("home", 8), ("results", 35)])
def test_every_number_of_a_page_is_the_rows_that_it_leads_to(busy: Busy, name: str, least: int) -> None:
    url = busy.member.url("reports:home") if name == "home" else busy.member.url("reports:results", busy.campaign.pk)
    found = [(number, href) for number, href in numbers_in(page_of(busy.member, url))]
    exact = [(number, href) for number, href in found if not any(word in href for word in _TOO_FINE)]
    assert len(exact) >= least
    assert exact == [(rows_behind(busy.member, href), href) for _, href in exact]


def test_results_count_people_once_and_messages_by_wording(busy: Busy) -> None:
    results = results_of(busy.campaign, totals(busy.member.workspace.pk, campaign_id=busy.campaign.pk))
    assert results.sent == 67
    assert [(one.position, one.label, one.made, one.sent, one.failed, one.replies) for one in results.steps] == [
        (1, "A", 8, 4, 0, 1),
        (1, "B", 63, 62, 1, 0),
        (2, "A", 1, 1, 0, 1),
    ]
    assert [(one.hits, one.total) for one in results.rates] == [(2, 66), (1, 66), (1, 70), (1, 66), (0, 67)]
    assert {one.name: one.count for one in results.messages} == {
        "sent": 66, "assumed_sent": 1, "failed": 1, "claimed": 1, "dot_pending": 1, "deferred": 1, "in_doubt": 1,
    }  # fmt: skip


def test_rates_show_their_denominators(busy: Busy) -> None:
    page = "".join(page_of(busy.member, busy.member.url("reports:results", busy.campaign.pk)).split())
    for hits, total in ((2, 66), (1, 70), (0, 67)):
        assert f">{hits}</a>of<a" in page
        assert f">{total}</a></span></td>" in page
    assert "of 81 attempts" in page_of(busy.member, busy.member.url("reports:home"))


@pytest.mark.parametrize(
    ("zone", "now", "todays"),
    [
        ("UTC", datetime(2026, 1, 5, 20, tzinfo=UTC), 2),
        ("Pacific/Auckland", datetime(2026, 1, 5, 20, tzinfo=UTC), 1),  # it is the 6th: since 11:00 UTC
        ("Pacific/Honolulu", datetime(2026, 1, 6, 5, tzinfo=UTC), 2),  # it is still the 5th
        ("Pacific/Honolulu", datetime(2026, 1, 6, 11, tzinfo=UTC), 0),
    ],
)
@pytest.mark.django_db
def test_today_is_the_day_of_the_workspace(zone: str, now: datetime, todays: int) -> None:
    workspace = make_workspace()
    Workspace.objects.update(time_zone=zone)
    workspace.refresh_from_db()
    busy = make_quiet(make_member(workspace))
    message = busy.write("ada", busy.first)
    for hour in (10, 12):
        busy.tell(EventKind.REPLIED, message, at=datetime(2026, 1, 5, hour, 30, tzinfo=UTC))
    with time_machine.travel(now, tick=False):
        overview = overview_of(busy.member)
        assert overview.today["replied"] == todays
        assert overview.month["replied"] == 2
        page = page_of(busy.member, busy.member.url("reports:home"))
        (href,) = [href for _, href in numbers_in(page) if "kind=replied" in href]
        assert rows_behind(busy.member, href) == todays


@pytest.mark.django_db
def test_month_ends_with_today_and_begins_30_days_before_tomorrow() -> None:
    busy = make_quiet(make_member(make_workspace()))
    message = busy.write("ada", busy.first)
    for day in (1, 2, 31):
        busy.tell(EventKind.REPLIED, message, at=datetime(2026, 1, day, tzinfo=UTC))
    with time_machine.travel(datetime(2026, 1, 31, 12, tzinfo=UTC), tick=False):
        assert (overview_of(busy.member).month["replied"], overview_of(busy.member).today["replied"]) == (2, 1)


@given(hits=st.integers(0, 10_000), total=st.integers(0, 5_000))
def test_interval_of_a_rate_holds_the_rate_and_stays_inside_0_and_1(hits: int, total: int) -> None:
    found = rate("Replies", hits, total)
    assert (found.hits, found.total) == (hits, total)
    assert 0 <= found.low <= found.high <= 1
    if total:
        share = min(hits, total) / total
        assert found.low - 1e-9 <= share <= found.high + 1e-9
    else:
        assert (found.share, found.low, found.high) == (None, 0, 1)


def test_interval_of_a_rate_is_wilsons() -> None:
    """Brown, Cai, DasGupta 2001: 2 of 20 is 2.8 % to 30.1 %."""
    found = rate("Replies", 2, 20)
    assert (round(found.low, 3), round(found.high, 3)) == (0.028, 0.301)


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 1_000_000), min_size=1))
def test_parts_of_a_bar_fill_it_without_gaps_or_overlaps(counts: Mapping[str, int]) -> None:
    made = segments(counts)
    place = 0
    for one in made:
        assert (one.x, one.count) == (place, counts[one.name])
        assert one.width >= 0
        place += one.width
    assert place == (1000 if any(counts.values()) else 0)
    assert [one.count for one in made] == sorted(counts.values(), reverse=True)
