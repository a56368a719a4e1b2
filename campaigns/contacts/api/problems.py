"""What the room's errors are answered with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import ProtectedError

from campaigns.contacts.core.segments import BadQuery
from campaigns.contacts.errors import BadContact, BadFile, BadMapping, IllegalMove, MayNotLift, NameTaken
from outreach.kit.addresses import BadAddress
from outreach.rest.errors import invalid
from outreach.rest.problems import Problem

PROBLEMS: Mapping[type[Exception], Callable[[Any], Problem]] = {
    BadContact: lambda error: invalid(error.field, error.cause),
    NameTaken: lambda error: Problem(
        409, "exists", error.cause, errors=[{"field": error.field, "detail": error.cause}]
    ),
    BadAddress: lambda error: invalid("value", error.cause),
    BadFile: lambda error: Problem(422, "bad_file", str(error)),
    BadQuery: lambda error: invalid("where", str(error)),
    BadMapping: lambda error: invalid("mapping", str(error)),
    IllegalMove: lambda error: Problem(409, "wrong_state", str(error)),
    MayNotLift: lambda error: Problem(403, "may_not_lift", str(error)),
    ProtectedError: lambda _: Problem(409, "in_use", "A campaign uses it; take it off there first."),
}
