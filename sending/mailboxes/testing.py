"""Test a mailbox's connections: sign in to both servers, keep the dialogue, say what is wrong and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection, connections, transaction

from outreach.kit.crypto import SealBroken
from sending.imap import Account, ImapError, Protocol, SignInRefused, open_mailbox, open_maildrop
from sending.imap import explain as explain_imap
from sending.mailboxes.connections import reading_account, smtp_server
from sending.mailboxes.errors import IllegalMove
from sending.mailboxes.live import Live
from sending.mailboxes.models import ConnectionTest, Credential, Mailbox
from sending.mailboxes.secrets import LOST
from sending.mailboxes.services import activate, refuse_sign_in
from sending.smtp import Explanation, Line, Phase, Refused, Server, Session, SessionError, Side, Timeouts, Unreachable
from sending.smtp import explain as explain_smtp

# A person waits for the answer.
TIMEOUTS = Timeouts(connect=10, greeting=15, command=15)
MOST_S = 40.0
# Tests of each kind that a mailbox keeps; the pages show the newest, the rest is for whoever looks for a cause.
KEPT = 20
_TRIM = """
DELETE FROM mailboxes_connection_test
 WHERE id = ANY(ARRAY(
    SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY mailbox_id, protocol ORDER BY id DESC) AS place
                      FROM mailboxes_connection_test) ranked
     WHERE place > %s))
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """One try to sign in. problem None: the server let us in. refused: the password is to blame."""

    protocol: str
    transcript: Sequence[Line]
    problem: Explanation | None = None
    refused: bool = False


def test_connections(mailbox: Mailbox) -> Sequence[ConnectionTest]:
    """Try both servers at once, store what came of it, and let the mailbox carry mail when both let us in.

    A mailbox that a person has paused stays paused. Results and state are stored together or not at all. Meanwhile
    `live.watched` tells what is said.
    """
    credential = Credential.objects.select_related("mailbox").get(mailbox=mailbox)
    live = Live(mailbox.pk, ("smtp", credential.mailbox.reading))
    try:
        return _stored(mailbox, asyncio.run(_try_both(credential, live)))
    finally:
        live.end()


def trim_tests() -> int:
    """Forget all but the newest tests of each kind of each mailbox. Returns how many rows went."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIM, [KEPT])
        return int(cursor.rowcount)


def columns_of(told: Explanation, lines: Sequence[Line], *, passed: bool) -> dict[str, Any]:
    """Return what came of a test as columns of ConnectionTest."""
    return {
        "passed": passed,
        "transcript": [asdict(line) for line in lines],
        "what": told.what[:300],
        "why": told.why[:500],
        "fix": told.fix[:500],
    }


def _stored(mailbox: Mailbox, trials: Sequence[Trial]) -> Sequence[ConnectionTest]:
    with transaction.atomic():
        rows = ConnectionTest.objects.bulk_create([_row(mailbox, trial) for trial in trials])
        refusals = [trial.problem.what for trial in trials if trial.problem and trial.refused]
        if refusals:
            refuse_sign_in(mailbox.pk, refusals[0])
        elif all(trial.problem is None for trial in trials):
            with suppress(IllegalMove):  # it carries mail already, or a person has stopped it
                activate(mailbox.pk)
    return rows


async def _try_both(credential: Credential, live: Live) -> list[Trial]:
    return list(
        await asyncio.gather(_try_smtp(credential, live), asyncio.to_thread(_try_reading_apart, credential, live))
    )


async def _try_smtp(credential: Credential, live: Live) -> Trial:
    try:
        server = smtp_server(credential)
    except SealBroken:
        return _told(live, Trial("smtp", (), LOST, refused=True))
    try:
        async with asyncio.timeout(MOST_S):
            session = await Session.open(server, timeouts=TIMEOUTS, listener=lambda line: live.note("smtp", line))
            await session.close()
    except SessionError as error:
        refused = isinstance(error.outcome, Refused) and error.outcome.phase is Phase.AUTH
        problem = explain_smtp(error.outcome, server)
        return _told(live, Trial("smtp", error.outcome.transcript, problem, refused=refused))
    except TimeoutError:
        return _told(live, Trial("smtp", live.heard("smtp"), _too_slow(server)))
    return _told(live, Trial("smtp", session.transcript))


def _try_reading_apart(credential: Credential, live: Live) -> Trial:
    """Try in a thread of its own; a token is looked up there, too, and leaves no connection to the database behind."""
    try:
        return _told(live, _try_reading(credential, live))
    finally:
        connections.close_all()


def _try_reading(credential: Credential, live: Live) -> Trial:
    protocol = credential.mailbox.reading
    account: Account | None = None
    try:
        account = reading_account(credential)
        lines = _read(account, lambda line: live.note(protocol, line))
    except ImapError as error:
        problem = explain_imap(error, account) if account else LOST
        return Trial(protocol, error.dialogue, problem, refused=isinstance(error, SignInRefused))
    return Trial(protocol, lines)


def _read(account: Account, listener: Callable[[Line], None]) -> tuple[Line, ...]:
    """Sign in, and see what lies there; return the dialogue."""
    if account.protocol is Protocol.POP3:
        with open_maildrop(account, timeout_s=TIMEOUTS.command, most_s=MOST_S, listener=listener) as drop:
            told = f"Mails that lie there: {len(drop.items()):,}. None of them is ever deleted."
            return (*drop.dialogue, Line(Side.NOTE, told, 0))
    with open_mailbox(account, timeout_s=TIMEOUTS.command, most_s=MOST_S, listener=listener) as reader:
        names = ", ".join(f"{folder.name} ({folder.role})" for folder in reader.folders())
        return (*reader.dialogue, Line(Side.NOTE, f"Folders: {names}"[:500], 0))


def _told(live: Live, trial: Trial) -> Trial:
    live.tell(trial.protocol, trial.problem)
    return trial


def _too_slow(server: Server) -> Explanation:
    words = f"The server had not done within {MOST_S:g} s."
    return explain_smtp(Unreachable(Phase.AUTH, "timeout", words), server)


def _row(mailbox: Mailbox, trial: Trial) -> ConnectionTest:
    told = trial.problem or Explanation("", "", "")
    columns = columns_of(told, trial.transcript, passed=trial.problem is None)
    return ConnectionTest(mailbox=mailbox, protocol=trial.protocol, **columns)
