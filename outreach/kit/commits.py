"""Work that follows a commit, in one form: what fails in it is logged by its name, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from django.db import transaction

Args = ParamSpec("Args")


def after_commit(work: Callable[Args, object], *args: Args.args, **kwargs: Args.kwargs) -> None:
    """Call a function with what is given once the transaction around is committed; at once where there is none.

    What it raises is logged as an error under the function's name, and reaches neither the caller nor the works
    behind it. Django reads that name from what it was given, and fails itself where a functools.partial has none.
    """

    @wraps(work)
    def call() -> None:
        work(*args, **kwargs)

    transaction.on_commit(call, robust=True)
