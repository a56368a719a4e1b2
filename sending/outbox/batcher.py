"""Group commit: many coroutines hand in one item each, one database call answers them all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Generic, TypeVar

from outreach.kit.away import is_away

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Failure:
    error: Exception


class Batcher(Generic[T, R]):
    """Collect items for a moment and flush them together in the executor's thread.

    flush gets the items of one batch and returns one answer for each, in order. If it raises because of what an item
    is, the halves are flushed by themselves, until the item raises alone: nobody suffers for a neighbour. If it raises
    because the database is away or gave way to another transaction, every item of the batch raises the same.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[T]], Sequence[R]],
        executor: Executor,
        *,
        most: int = 200,
        linger_s: float = 0.002,
    ) -> None:
        self._flush = flush
        self._executor = executor
        self._most = most
        self._linger_s = linger_s
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._task: asyncio.Task[None] | None = None

    async def submit(self, item: T) -> R:
        """Return the answer to this item."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        await asyncio.sleep(self._linger_s)
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            items = [item for item, _ in batch]
            loop = asyncio.get_running_loop()
            answers = await loop.run_in_executor(self._executor, self._answers, items)
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.cancelled():
                    continue
                if isinstance(answer, _Failure):
                    future.set_exception(answer.error)
                else:
                    future.set_result(answer)

    def _answers(self, items: Sequence[T]) -> list[R | _Failure]:
        try:
            return list(self._flush(items))
        except Exception as error:  # noqa: BLE001  # handed to the coroutine that waits for the item
            if is_away(error) or len(items) == 1:
                return [_Failure(error)] * len(items)
            half = len(items) // 2
            return self._answers(items[:half]) + self._answers(items[half:])
