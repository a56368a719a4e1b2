"""Run the local mail world in the foreground: SMTP, IMAP, and recipients that answer, refuse, bounce or are away."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from outreach.kit.lifeline import end_with_parent
from sending.sandbox.accounts import SandboxError, accounts_of, read_accounts
from sending.sandbox.people import DEMO_ACCOUNTS, DEMO_TIME_SCALE
from sending.sandbox.serving import Plan, run
from sending.sandbox.smtpd import Pace
from sending.sandbox.world import HOST, PORTS


def main(words: Sequence[str] | None = None) -> int:
    """Parse the arguments and serve until a signal comes. Returns the exit status."""
    # aiosmtpd tells each lost handshake as an error of its own, and warns of what is meant here.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="aiosmtpd")
    args = _parser().parse_args(words)
    if args.end_with_parent:
        end_with_parent(signal.SIGTERM)
    try:
        args.data.mkdir(parents=True, exist_ok=True)
        asyncio.run(run(_plan(args)))
    except (SandboxError, PermissionError, NotADirectoryError, FileExistsError) as error:
        print(f"sandbox: {error}", file=sys.stderr)  # noqa: T201  # the word to the person who started it
        return 2
    return 0


def _plan(args: argparse.Namespace) -> Plan:
    accounts = accounts_of(args.account) or read_accounts(args.data)
    return Plan(
        folder=args.data,
        # Without accounts of its own it is the world of the demo.
        accounts=accounts or DEMO_ACCOUNTS,
        pace=Pace(
            time_scale=args.time_scale or (1 if accounts else DEMO_TIME_SCALE),
            slow_s=args.slow_ms / 1000,
            floor_s=args.floor_ms / 1000,
        ),
        host=args.host,
        ports={name: getattr(args, f"{name}_port") for name in PORTS},
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sending.sandbox", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder for mailboxes, certificate and log")
    parser.add_argument(
        "--account",
        action="append",
        default=[],
        metavar="ADDRESS:PASSWORD",
        help="may be given again; none = those of accounts.json in the folder, else those of the demo",
    )
    parser.add_argument("--time-scale", type=_count, help="how many times faster time runs (1; the demo has its own)")
    parser.add_argument("--slow-ms", type=_count, default=0, help="think so long before accepting a message (0)")
    parser.add_argument("--floor-ms", type=_count, default=500, help="no reaction comes earlier than this (500)")
    parser.add_argument("--host", default=HOST, help=f"the address to listen on ({HOST}); keep it on this machine")
    parser.add_argument("--end-with-parent", action="store_true", help="stop when the starting process is gone")
    for name in PORTS:
        parser.add_argument(f"--{name}-port", type=_count, default=0, help="0 = the last one, or any free one (0)")
    return parser


def _count(word: str) -> int:
    """Return a whole number from 0 up."""
    if not word.isdecimal():
        raise argparse.ArgumentTypeError(f"{word!r} is no whole number from 0 up")
    return int(word)


if __name__ == "__main__":
    sys.exit(main())
