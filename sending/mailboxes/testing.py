"""Test a mailbox's connections: sign in to both servers, keep the dialogue, say what is wrong and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

from sending.imap import ImapError, open_mailbox
from sending.imap import explain as explain_imap
from sending.mailboxes.models import ConnectionTest, Credential, Mailbox
from sending.mailboxes.queries import imap_account, smtp_server
from sending.mailboxes.services import activate, refuse_sign_in
from sending.mailboxes.states import MailboxState
from sending.smtp import Phase, Refused, Server, Session, SessionError, Timeouts, explain

# A person waits for the answer.
_TIMEOUTS = Timeouts(connect=10, greeting=20, command=20)
_IMAP_TIMEOUT_S = 20.0


def test_connections(mailbox: Mailbox) -> Sequence[ConnectionTest]:
    """Try both servers, store the results, and activate the mailbox when both let us in."""
    credential = Credential.objects.select_related("mailbox").get(mailbox=mailbox)
    results = [_test_smtp(mailbox, smtp_server(credential)), _test_imap(mailbox, credential)]
    if all(result.passed for result in results):
        if mailbox.state in {MailboxState.UNTESTED, MailboxState.NEEDS_SIGN_IN}:
            activate(mailbox.pk)
    elif mailbox.state == MailboxState.ACTIVE and any(result.refused for result in results):
        refuse_sign_in(mailbox.pk, next(result.what for result in results if result.refused))
    return ConnectionTest.objects.bulk_create([result.row for result in results])


class _Result:
    def __init__(self, row: ConnectionTest, *, refused: bool = False) -> None:
        self.row = row
        self.refused = refused
        self.passed = row.passed
        self.what = row.what


def _test_smtp(mailbox: Mailbox, server: Server) -> _Result:
    async def sign_in() -> list[dict[str, object]]:
        session = await Session.open(server, timeouts=_TIMEOUTS)
        await session.close()
        return [asdict(line) for line in session.transcript]

    try:
        transcript = asyncio.run(sign_in())
    except SessionError as error:
        explanation = explain(error.outcome, server)
        refused = isinstance(error.outcome, Refused) and error.outcome.phase is Phase.AUTH
        row = ConnectionTest(
            mailbox=mailbox,
            protocol="smtp",
            passed=False,
            transcript=[asdict(line) for line in error.outcome.transcript],
            what=explanation.what[:300],
            why=explanation.why[:500],
            fix=explanation.fix[:500],
        )
        return _Result(row, refused=refused)
    return _Result(ConnectionTest(mailbox=mailbox, protocol="smtp", passed=True, transcript=transcript))


def _test_imap(mailbox: Mailbox, credential: Credential) -> _Result:
    try:
        with open_mailbox(imap_account(credential), timeout_s=_IMAP_TIMEOUT_S) as reader:
            names = ", ".join(f"{folder.name} ({folder.role})" for folder in reader.folders())
            dialogue = [*reader.dialogue, ("note", f"Folders: {names[:500]}")]
    except ImapError as error:
        explanation = explain_imap(error)
        row = ConnectionTest(
            mailbox=mailbox,
            protocol="imap",
            passed=False,
            transcript=_lines(error.dialogue),
            what=explanation.what[:300],
            why=explanation.why[:500],
            fix=explanation.fix[:500],
        )
        return _Result(row, refused=error.cause == "sign_in")
    return _Result(ConnectionTest(mailbox=mailbox, protocol="imap", passed=True, transcript=_lines(dialogue)))


def _lines(dialogue: Sequence[tuple[str, str]]) -> list[dict[str, object]]:
    return [{"side": side, "text": text, "at_ms": 0} for side, text in dialogue]
