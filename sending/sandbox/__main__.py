"""`python -m sending.sandbox --data DIR`: run the sandbox in the foreground."""

from __future__ import annotations

import argparse
import asyncio
import logging
import warnings
from pathlib import Path

from sending.sandbox.people import DEMO_ACCOUNTS, DEMO_TIME_SCALE
from sending.sandbox.smtpd import Pace
from sending.sandbox.world import run


def main() -> None:
    """Parse the arguments and serve until a signal comes."""
    # aiosmtpd tells each lost handshake as an error of its own, and warns of what is meant here.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="aiosmtpd")
    parser = argparse.ArgumentParser(prog="python -m sending.sandbox", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder for mailboxes, certificate and log")
    parser.add_argument("--account", action="append", default=[], help="address:password; none = those of the demo")
    parser.add_argument("--time-scale", type=int, default=0, help="how many times faster time runs")
    parser.add_argument("--slow-ms", type=int, default=0, help="think so long before accepting a message")
    for name in ("smtp", "smtps", "imap"):
        parser.add_argument(f"--{name}-port", type=int, default=0, help="0 = the last one, or any free one")
    args = parser.parse_args()
    accounts = dict(one.split(":", 1) for one in args.account)
    # Without accounts of its own it is the world of the demo.
    scale = args.time_scale or (1 if accounts else DEMO_TIME_SCALE)
    accounts = accounts or DEMO_ACCOUNTS
    args.data.mkdir(parents=True, exist_ok=True)
    pace = Pace(time_scale=scale, slow_s=args.slow_ms / 1000)
    asyncio.run(run(args.data, accounts, pace, (args.smtp_port, args.smtps_port, args.imap_port)))


if __name__ == "__main__":
    main()
