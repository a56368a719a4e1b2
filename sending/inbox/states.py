"""What a search for a copy in the Sent folder has seen."""

from __future__ import annotations

from enum import StrEnum


class Seen(StrEnum):
    """The result of one search; only COPY proves anything."""

    COPY = "copy"  # the message lies in the Sent folder: it was sent
    NO_COPY = "no_copy"  # not there, or not yet, or copies are not kept: proves nothing
    NO_FOLDER = "no_folder"  # the mailbox has no Sent folder that can be told
    REFUSED = "refused"  # the server did not search
