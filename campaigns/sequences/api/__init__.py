"""The HTTP API of the room: a campaign as a file, whom it writes to, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from campaigns.sequences.api import audiences, files, schedules
from campaigns.sequences.errors import IllegalMove, Overtaken
from campaigns.sequences.portable.reading import BadFile
from outreach.rest.problems import Problem
from outreach.rest.versions import overtaken

__all__ = ["PROBLEMS", "audiences", "router", "schedules"]

router = files.router  # one for all
PROBLEMS: Mapping[type[Exception], Callable[[Any], Problem]] = {
    BadFile: lambda error: Problem(422, "bad_file", str(error)),
    IllegalMove: lambda error: Problem(409, "not_possible", str(error)),
    Overtaken: lambda error: overtaken(error.seen),
}
