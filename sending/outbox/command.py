"""`outreach adopt`: let this machine's stack send from a database that the guard holds up, without a browser."""

from __future__ import annotations

import getpass
from collections.abc import Callable

from outreach.env import env
from sending.guard.core import Kind
from sending.guard.services import adopt_here, look_here
from sending.outbox.recovery import ask_journals

MEANINGS = {
    Kind.BEHIND: "the database is an older copy: a backup was put back",
    Kind.NO_ROW: "the database belongs to no installation: it was emptied, or put back from before the first message",
    Kind.FOREIGN: "the database belongs to another installation",
    Kind.MOVED: "the guard file was copied to another folder or machine",
    Kind.NO_FILE: "the database was in use before, and this stack has no guard file",
    Kind.DAMAGED: "the guard file cannot be read",
}


def adopt(*, is_agreed: bool, echo: Callable[[str], None]) -> int:
    """Say what was found about this machine's stack, and adopt it when the person agrees. Returns an exit status."""
    folder = env().journal_dir
    if folder is None:
        echo("OUTREACH_JOURNAL_DIR is not set here: there is no guard to confirm")
        return 1
    finding = look_here(folder)
    if finding is None:
        echo(f"nothing keeps {folder} from sending")
        return 0
    ask_journals(folder)
    finding = look_here(folder) or finding  # by the journals it may be another one: an older copy
    echo(f"{finding.place}: {MEANINGS[Kind(finding.kind)]}")
    if finding.copy_of:
        echo(f"the database is of {finding.copy_of:%Y-%m-%d %H:%M:%S %Z}")
    echo(
        f"by the journals {finding.doubts} messages had left that it did not know (in doubt now, or settled), "
        f"{finding.settled} answers were added, {finding.unknown} cannot be put back, since it knows no such person, "
        "step or mailbox (whoever is imported anew and was written to is suppressed when their turn comes)"
    )
    if not is_agreed:
        echo("if no other server sends from this database or a copy of it: outreach adopt --yes")
        return 1
    adopt_here(folder, f"{getpass.getuser()} at the terminal")
    echo("adopted: this stack may send")
    return 0
