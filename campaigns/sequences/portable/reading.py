"""Make a campaign file of bytes: hostile until they are parsed, and bounded before anything is built from them."""

from __future__ import annotations

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from campaigns.sequences.errors import SequenceError
from campaigns.sequences.portable.shape import FILE_LIMIT_BYTES, FORMAT, VERSION, CampaignFile

_MOST_CAUSES = 10
_BOM = b"\xef\xbb\xbf"


class BadFile(SequenceError, ValueError):
    """A file that is no campaign file, or not a right one: what is wrong, each with its place."""

    def __init__(self, *causes: str) -> None:
        super().__init__(" ".join(causes))
        self.causes = causes


def read_file(content: bytes) -> CampaignFile:
    """Return what a file says. Raises BadFile with up to ten causes."""
    if len(content) > FILE_LIMIT_BYTES:
        raise BadFile(f"The file has more than {FILE_LIMIT_BYTES:,} bytes, which no campaign file has.")
    try:
        found = from_json(content.removeprefix(_BOM), allow_inf_nan=False)
    except ValueError as error:
        raise BadFile(f"The file is no JSON in UTF-8: {str(error)[:200]}.") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise BadFile("This is no campaign file: none says of itself that it is one.")
    if found.get("version") != VERSION:
        raise BadFile(f"The file is of version {str(found.get('version'))[:20]}; this program reads version {VERSION}.")
    try:
        return CampaignFile.model_validate(found)
    except ValidationError as error:
        raise BadFile(*causes_of(error)) from error


def causes_of(error: ValidationError) -> list[str]:
    """Return what is wrong, each with its place: "steps.2.wait.amount: Input should be ..."."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    causes = [_words(one) for one in details[:_MOST_CAUSES]]
    more = len(details) - len(causes)
    return [*causes, f"And {more} more."] if more else causes


def _words(detail: ErrorDetails) -> str:
    place = ".".join(str(one)[:60] for one in detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    return f"{place}: {message}." if place else f"{message[:1].upper()}{message[1:]}."
