"""Group commit: everybody gets their own answer, and nobody suffers for a neighbour."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import InterfaceError, InternalError, OperationalError
from hypothesis import given
from hypothesis import strategies as st
from psycopg.errors import IdleInTransactionSessionTimeout

from sending.outbox.batcher import Batcher


class Odd(Exception):
    """An item that cannot be flushed."""


class Flushes:
    """Doubles numbers; keeps what it was asked for; raises for the odd ones."""

    def __init__(self, odd: set[int] | None = None, error: Exception | None = None) -> None:
        self.odd = odd or set()
        self.error = error
        self.calls: list[list[int]] = []

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.calls.append(list(items))
        if self.error is not None:
            raise self.error
        if found := self.odd & set(items):
            raise Odd(min(found))
        return [item * 2 for item in items]


def submit_all(
    flush: Callable[[Sequence[int]], Sequence[int]], items: Sequence[int], *, most: int = 200
) -> list[int | BaseException]:
    async def run() -> list[int | BaseException]:
        with ThreadPoolExecutor(1) as executor:
            batcher: Batcher[int, int] = Batcher(flush, executor, most=most, linger_s=0)
            return await asyncio.gather(*map(batcher.submit, items), return_exceptions=True)

    return asyncio.run(run())


def test_each_item_gets_its_own_answer_in_one_flush() -> None:
    flush = Flushes()
    assert submit_all(flush, [3, 1, 2]) == [6, 2, 4]
    assert flush.calls == [[3, 1, 2]]


def test_no_flush_gets_more_than_the_most() -> None:
    flush = Flushes()
    assert submit_all(flush, range(7), most=3) == [0, 2, 4, 6, 8, 10, 12]
    assert flush.calls == [[0, 1, 2], [3, 4, 5], [6]]


@given(st.lists(st.integers(0, 50), max_size=40, unique=True), st.sets(st.integers(0, 50)))
def test_exactly_the_odd_items_raise_and_each_its_own_error(items: list[int], odd: set[int]) -> None:
    answers = submit_all(Flushes(odd), items)
    for item, answer in zip(items, answers, strict=True):
        if item in odd:
            assert isinstance(answer, Odd)
            assert answer.args == (item,)
        else:
            assert answer == item * 2


def test_one_odd_item_costs_a_few_flushes_and_not_one_for_each_neighbour() -> None:
    flush = Flushes({77})
    submit_all(flush, range(128))
    assert len(flush.calls) == 1 + 2 * 7


def cut_session() -> Exception:
    """Return what Django raises when the server has ended a session that stood still inside a transaction."""
    error = InternalError("terminating connection due to idle-in-transaction timeout")
    error.__cause__ = IdleInTransactionSessionTimeout()
    return error


@pytest.mark.parametrize("error", [OperationalError("gone away"), InterfaceError("closed"), cut_session()])
def test_when_the_database_is_away_everybody_is_told_after_one_try(error: Exception) -> None:
    flush = Flushes(error=error)
    assert submit_all(flush, range(5)) == [error] * 5
    assert flush.calls == [[0, 1, 2, 3, 4]]


def test_what_comes_during_a_flush_goes_with_the_next_one_and_never_beside_it() -> None:
    is_in, go_on, calls = threading.Event(), threading.Event(), []

    def flush(items: Sequence[int]) -> list[int]:
        calls.append(list(items))
        is_in.set()
        assert go_on.wait(5)
        return list(items)

    async def run() -> list[int]:
        with ThreadPoolExecutor(4) as executor:
            batcher: Batcher[int, int] = Batcher(flush, executor, linger_s=0)
            first = asyncio.create_task(batcher.submit(1))
            await asyncio.to_thread(is_in.wait, 5)
            others = [asyncio.create_task(batcher.submit(number)) for number in (2, 3)]
            await asyncio.sleep(0)
            assert calls == [[1]]
            go_on.set()
            return await asyncio.gather(first, *others)

    assert asyncio.run(run()) == [1, 2, 3]
    assert calls == [[1], [2, 3]]


def test_who_does_not_wait_any_more_takes_nothing_from_the_others() -> None:
    async def run() -> list[int]:
        with ThreadPoolExecutor(1) as executor:
            batcher: Batcher[int, int] = Batcher(Flushes(), executor, linger_s=0.01)
            tasks = [asyncio.create_task(batcher.submit(number)) for number in range(3)]
            await asyncio.sleep(0)
            tasks[1].cancel()
            async with asyncio.timeout(5):
                return [await tasks[0], await tasks[2], await batcher.submit(9)]

    assert asyncio.run(run()) == [0, 4, 18]
