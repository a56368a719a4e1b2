"""Hits come from the request into the database once each, whatever is away or dies on the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as RedisAway

from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from outreach.kit import clock
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.outbox.models import OutboundMessage
from sending.tracking import buffer, services, storing
from sending.tracking.buffer import STREAM, Buffer, oldest, put, take
from sending.tracking.hits import Seen, line_of, network_of, read_line
from sending.tracking.models import Hit
from sending.tracking.services import FORGOTTEN, SETTLED, forget, judge_due
from sending.tracking.states import HitKind, Judgement
from sending.tracking.storing import flush, store
from tests.builders import (
    make_campaign,
    make_contact,
    make_enrollment,
    make_mailbox,
    make_message,
    make_step,
    make_workspace,
)
from tests.sending.tracking.host import CHROME

pytestmark = pytest.mark.django_db
SENT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _empty_stream() -> Iterator[None]:
    storing.HITS.empty()  # what another test has left would come into the stream meanwhile
    buffer.client().delete(STREAM)
    yield
    buffer.client().delete(STREAM)


@pytest.fixture
def message() -> OutboundMessage:
    workspace = make_workspace()
    campaign = make_campaign(workspace)
    enrollment = make_enrollment(campaign, make_contact(workspace))
    return make_message(enrollment, make_step(campaign), make_mailbox(workspace), at=SENT)


def hit(message: OutboundMessage, after_s: float = 3600, **values: Any) -> Seen:
    seen = Seen(
        id=uuid4().hex,
        kind=HitKind.CLICK.value,
        message_id=message.pk,
        number=1,
        at_s=(SENT + timedelta(seconds=after_s)).timestamp(),
        method="GET",
        agent=CHROME,
        network="198.51.100.0/24",
        hint="",
    )
    return replace(seen, **values)


def test_a_hit_is_one_line_on_its_way_and_the_same_behind_it(message: OutboundMessage) -> None:
    one = hit(message, agent="Ünïcode “agent”")
    assert read_line(line_of([one, one])) == [one, one]


@given(line=st.one_of(st.text(max_size=60), st.binary(max_size=60)))
def test_what_is_no_hit_is_told_from_one(line: str | bytes) -> None:
    with pytest.raises(ValueError, match="no hits"):
        read_line(line)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.0/24"), ("2001:db8:1:2::9", "2001:db8:1::/48"),
        ("::ffff:198.51.100.7", "198.51.100.0/24"), ("", ""), ("unknown", ""),
    ],
)  # fmt: skip
def test_of_an_address_only_the_network_is_kept(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_flush_that_dies_before_it_has_dropped_its_entries_counts_nothing_twice(message: OutboundMessage) -> None:
    put([hit(message, n) for n in range(5)])
    _, hits = take(100)
    assert store(hits) == 5  # and here the worker is killed
    assert flush() == 0
    assert Hit.objects.count() == 5
    assert take(100) == ([], [])


def test_a_broken_entry_is_passed_over(message: OutboundMessage) -> None:
    buffer.client().xadd(STREAM, {"h": "{}"})
    buffer.client().xadd(STREAM, {"other": "x"})
    put([hit(message)])
    assert flush() == 1
    assert take(100) == ([], [])


def test_without_redis_hits_go_straight_to_the_database(
    message: OutboundMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Buffer(store)
    monkeypatch.setattr(buffer, "put", _raise(RedisAway()))
    away._kept = [hit(message)]
    assert away.empty() == 1
    assert Hit.objects.count() == 1
    monkeypatch.undo()
    away._kept = [hit(message)]
    assert away.empty() == 1
    assert take(100)[1] == [], "Redis is left alone for a moment after it was away"


def test_what_cannot_be_stored_anywhere_is_kept_and_goes_out_later(message: OutboundMessage) -> None:
    stored: list[Seen] = []
    broken = [True]

    def store_later(hits: Sequence[Seen]) -> None:
        if broken[0]:
            raise OperationalError
        stored.extend(hits)

    kept = Buffer(store_later)
    kept._away_until = float("inf")
    kept._kept = [hit(message), hit(message)]
    with pytest.raises(OperationalError):
        kept.empty()
    kept._kept.append(hit(message))
    broken[0] = False
    assert kept.empty() == 3
    assert len({one.id for one in stored}) == 3


def test_the_thread_of_a_buffer_carries_hits_on_by_itself(message: OutboundMessage) -> None:
    quick = Buffer(store, every_s=0.01)
    quick.add(hit(message))
    buffer.client().xread({STREAM: "0"}, block=5_000)  # until it is there
    assert len(take(100)[1]) == 1


def test_nothing_is_kept_of_who_opted_out_or_of_a_message_that_is_gone(message: OutboundMessage) -> None:
    assert store([hit(message, message_id=message.pk + 1)]) == 0
    suppress(message.workspace, message.recipient, SuppressionReason.OPTED_OUT)
    assert store([hit(message)]) == 0


def test_the_first_hit_of_each_judgement_is_told_once(message: OutboundMessage) -> None:
    store([hit(message, 3), hit(message, 4), hit(message, 3600), hit(message, 7200, agent="")])
    assert judge_due(now=SENT + timedelta(seconds=3)) == 0, "its burst may not be over"
    assert judge_due(now=SENT + timedelta(seconds=4) + SETTLED) == 2
    assert judge_due(now=clock.now()) == 2
    store([hit(message, 9000)])
    assert judge_due(now=clock.now()) == 1
    assert judge_due(now=clock.now()) == 0
    told = list(Event.objects.order_by("at").values_list("kind", "message_id", "campaign_id"))
    assert told == [
        (kind, message.pk, message.campaign_id)
        for kind in (EventKind.CLICK_MACHINE, EventKind.CLICKED, EventKind.CLICK_UNKNOWN)
    ]


def test_a_hit_is_judged_with_what_was_judged_before_it(message: OutboundMessage) -> None:
    store([hit(message, 3600, kind=HitKind.TRAP.value, number=0)])
    judge_due(now=SENT + timedelta(seconds=3600) + SETTLED)
    store([hit(message, 3640)])
    judge_due(now=clock.now())
    (last,) = Hit.objects.filter(kind=HitKind.CLICK)
    assert (last.judgement, last.signs) == (Judgement.MACHINE, ["trap"])


def test_a_flood_of_hits_is_judged_in_rounds_and_each_gets_somewhere(
    message: OutboundMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_OF_ALL", 100)
    monkeypatch.setattr(services, "_NEAREST", 10)
    campaign = make_campaign(message.workspace)
    person = make_enrollment(campaign, make_contact(message.workspace, "other@x.test"))
    other = make_message(person, make_step(campaign), message.mailbox, at=SENT)
    store([hit(message, 3600 + n / 1000) for n in range(130)])
    store([hit(other, 3600.05)])
    assert [judge_due(now=clock.now()) for _ in range(3)] == [100, 31, 0]
    store([hit(message, 3600.0605)])
    assert judge_due(now=clock.now()) == 1, "among more of its message than one round reads"
    assert not Hit.objects.filter(judgement="").exists()


def test_of_one_message_no_more_is_kept_than_tells_who_it_was(
    message: OutboundMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "MOST_OF_A_KIND", 3)
    assert store([hit(message, n) for n in range(2)]) == 2
    many = [hit(message, 10 + n) for n in range(3)]
    assert store([*many, hit(message, 20, kind=HitKind.OPEN.value)]) == 2, (
        "one click is left, and opens are another kind"
    )
    assert Hit.objects.filter(pk=many[0].id).exists(), "the first of them"
    assert store(many) == 0


def test_what_is_read_again_takes_no_second_place_among_those_that_are_kept(
    message: OutboundMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "MOST_OF_A_KIND", 5)
    stored = [hit(message, n) for n in range(3)]
    assert store(stored) == 3  # and here the worker is killed
    news = [hit(message, 10 + n) for n in range(3)]
    assert store([*stored, *news]) == 2, "two more have a place, and the third is one too many"
    assert Hit.objects.filter(pk__in=[one.id for one in news[:2]]).count() == 2, "the first of them"
    assert store([*stored, *news]) == 0


def test_a_hit_waits_for_those_of_its_burst_that_are_not_written_down_yet(message: OutboundMessage) -> None:
    put([hit(message, 3650, kind=HitKind.TRAP.value, number=0)])
    store([hit(message, 3600)])
    waiting_since = SENT + timedelta(seconds=3650)
    assert oldest() is not None
    assert judge_due(now=clock.now(), waiting_since=waiting_since) == 0
    flush()
    assert oldest() is None
    assert judge_due(now=clock.now()) == 2
    (click,) = Hit.objects.filter(kind=HitKind.CLICK)
    assert click.judgement == Judgement.MACHINE


def test_where_redis_is_full_hits_go_straight_to_the_database(
    message: OutboundMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffer, "MOST_IN_REDIS", 1)
    full = Buffer(store)
    for _ in range(3):
        full._kept = [hit(message)]
        assert full.empty() == 1
    assert (len(take(100)[1]), Hit.objects.count()) == (2, 1), "nobody flushes"


def test_a_thread_lets_go_of_its_connection_before_it_waits(message: OutboundMessage) -> None:
    rested = threading.Event()
    quick = Buffer(store, every_s=0.01, at_rest=rested.set)
    quick.add(hit(message))
    assert rested.wait(10)


def test_hits_go_with_their_contact_and_with_their_message(message: OutboundMessage) -> None:
    store([hit(message)])
    judge_due(now=clock.now())
    forget(now=clock.now() + FORGOTTEN)
    assert Hit.objects.count() == 1
    OutboundMessage.objects.all().delete()
    forget(now=clock.now())
    assert not Hit.objects.exists(), "also long after its network is forgotten"


def test_networks_and_programs_are_forgotten_and_who_it_was_is_not(message: OutboundMessage) -> None:
    store([hit(message)])
    judge_due(now=clock.now())
    assert forget(now=SENT + FORGOTTEN) == 0
    assert forget(now=SENT + FORGOTTEN + timedelta(hours=2)) == 1
    (one,) = Hit.objects.all()
    assert (one.agent, one.network, one.judgement) == ("", "", Judgement.PERSON)


def _raise(error: Exception) -> object:
    def raising(*_args: object) -> None:
        raise error

    return raising


def test_who_dies_between_judging_a_hit_and_telling_of_it_has_done_neither(
    message: OutboundMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_entries: object) -> None:
        raise OperationalError

    store([hit(message)])
    with monkeypatch.context() as patched:
        patched.setattr(services, "record", die)
        with pytest.raises(OperationalError):
            judge_due()
    assert (Hit.objects.get().judgement, Event.objects.count()) == ("", 0)
    assert judge_due() == 1
    assert Event.objects.get().kind == EventKind.CLICKED
