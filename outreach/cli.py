"""The command `outreach`: run everything, import contacts, prepare a server. Names upper rooms as strings."""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from django.utils.module_loading import import_string

from outreach import __version__
from outreach.embedded.faults import Fault
from outreach.embedded.keys import write_service_secrets
from outreach.embedded.stack import Plan, run_stack
from outreach.env import ROOT, BadSetting, settings_page

_SANDBOX = "sending.sandbox"
_LOAD_DEMO = "sending.sandbox.demo.load"
_CHAOS = "sending.chaos.command"
_RUN_IMPORT = "campaigns.contacts.command.run_import"
_IMPORT_OPTIONS = "campaigns.contacts.import_options.ImportOptions"
_UNDO_IMPORT = "campaigns.contacts.undo_command.run_undo_import"
_CHECK = "campaigns.contacts.command.check_addresses"
_REPORT = "sending.reports.report_command.take_report_file"
_ADOPT = "sending.outbox.command.adopt"
_LISTEN = "sending.inbox.command.listen"


def main(words: list[str] | None = None) -> int:
    """Run one command; return the exit status. A fault is one line on standard error and status 1."""
    _print_whatever_the_terminal_can_show()
    options = _parser().parse_args(words)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except (Fault, BadSetting) as fault:
        print(f"outreach: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _up(options: argparse.Namespace) -> int:
    run_stack(Plan(host=options.host, port=options.port, sandbox=_SANDBOX if options.demo else None), _print_line)
    return 0


def _import(options: argparse.Namespace) -> int:
    """Delegate to run_import(path, workspace, list_name, echo, options) -> exit status."""
    run, wishes = _upper(_RUN_IMPORT), _upper(_IMPORT_OPTIONS)
    status: int = run(
        options.file,
        options.workspace,
        options.list,
        _echo,
        wishes(
            sheet=options.sheet,
            policy=options.policy,
            tags=options.tags,
            source=options.source,
            legal_basis=options.legal_basis,
            basis_on=options.basis_on,
            basis_page=options.basis_page,
            subscribers=options.subscribers,
            kinds=options.kind,
            tidies_names=options.tidy_names,
            is_dry_run=options.dry_run,
            is_json=options.json,
        ),
    )
    return status


def _undo_import(options: argparse.Namespace) -> int:
    """Delegate to run_undo_import(import_id, echo, is_dry_run=, is_json=) -> exit status."""
    undo = _upper(_UNDO_IMPORT)
    status: int = undo(options.number, _echo, is_dry_run=options.dry_run, is_json=options.json)
    return status


def _check(options: argparse.Namespace) -> int:
    """Delegate to check_addresses(workspace, list_name, echo) -> exit status."""
    status: int = _upper(_CHECK)(options.workspace, options.list, _echo)
    return status


def _report(options: argparse.Namespace) -> int:
    """Delegate to take_report_file(path, workspace, domain, echo, is_json=) -> exit status."""
    take = _upper(_REPORT)
    status: int = take(options.file, options.workspace, options.domain, _echo, is_json=options.json)
    return status


def _adopt(options: argparse.Namespace) -> int:
    """Delegate to adopt(is_agreed, echo) -> exit status."""
    status: int = _upper(_ADOPT)(is_agreed=options.yes, echo=_echo)
    return status


def _listen(_options: argparse.Namespace) -> int:
    _upper(_LISTEN)(_echo)
    return 0


def _load_demo(_options: argparse.Namespace) -> int:
    _upper(_LOAD_DEMO)(_echo)
    return 0


def _prepare(_options: argparse.Namespace) -> int:
    _set_up()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    _echo("the database is migrated, static files are collected")
    return 0


def _secrets(options: argparse.Namespace) -> int:
    write_service_secrets(options.folder)
    _echo(f"secrets for docker-compose.yml written to {options.folder}; keep a copy of credential_keys")
    return 0


def _chaos(options: argparse.Namespace) -> int:
    """Delegate to run(options, echo) -> exit status, which makes a world of its own before it sets Django up."""
    status: int = import_string(f"{_CHAOS}.run")(options, _echo)
    return status


def _docs(_options: argparse.Namespace) -> int:
    path = ROOT / "docs/settings.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(settings_page())
    _echo(f"{path} written")
    return 0


def _version(_options: argparse.Namespace) -> int:
    _echo(f"outreach {__version__}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="outreach", description="Self-hosted cold-outreach campaigns.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="run everything in the foreground until Ctrl-C")
    up.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    up.add_argument("--port", type=_port, default=8000, help="port of the web server (default: %(default)s)")
    up.add_argument("--demo", action="store_true", help="with a local mail world and a campaign that runs in it")
    up.set_defaults(command=_up)

    importing = commands.add_parser("import", help="import contacts from a CSV, TSV, XLSX or ZIP file")
    importing.add_argument("file", type=Path, metavar="FILE")
    importing.add_argument("--workspace", required=True, metavar="W", help="slug of the workspace")
    importing.add_argument("--list", required=True, metavar="L", help="name of the list; made when there is none")
    importing.add_argument(
        "--sheet", default="", metavar="S", help="sheet of a workbook: its name, or its number from 1"
    )
    importing.add_argument("--policy", default="", metavar="P", help="known people: overwrite, fill or skip")
    importing.add_argument("--tags", default="", metavar="T", help="tags for everybody, as in 'vip, fair 2026'")
    importing.add_argument("--source", default="", metavar="TEXT", help="where these addresses come from")
    bases = "unstated, consent, contract, interest, inquiry or published"
    importing.add_argument("--legal-basis", default="", metavar="B", help=bases)
    importing.add_argument("--basis-on", default="", metavar="DAY", help="the day of it: 2026-11-27")
    importing.add_argument("--basis-page", default="", metavar="URL", help="where the addresses are published")
    importing.add_argument("--subscribers", default="", metavar="WHO", help="companies or individuals")
    importing.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="NAME=KIND",
        help="what an own field holds, as in size=number:comma",
    )
    importing.add_argument("--tidy-names", action="store_true", help="write names as the pages propose it")
    importing.add_argument("--dry-run", action="store_true", help="tell what would change, and change nothing")
    importing.add_argument("--json", action="store_true", help="tell it as one JSON object")
    importing.set_defaults(command=_import)

    undoing = commands.add_parser("undo-import", help="take an import back, without what was changed since")
    undoing.add_argument("number", type=int, metavar="NUMBER", help="of the import, as `outreach import` told it")
    undoing.add_argument("--dry-run", action="store_true", help="tell what would change, and change nothing")
    undoing.add_argument("--json", action="store_true", help="tell it as one JSON object")
    undoing.set_defaults(command=_undo_import)

    checking = commands.add_parser("check", help="check the addresses of a list by their domains")
    checking.add_argument("--workspace", required=True, metavar="W", help="slug of the workspace")
    checking.add_argument("--list", required=True, metavar="L", help="name of the list")
    checking.set_defaults(command=_check)

    reporting = commands.add_parser(
        "report", help="take in a DMARC or TLS report, or a file of Google Postmaster Tools or Microsoft SNDS"
    )
    reporting.add_argument("file", type=Path, metavar="FILE")
    reporting.add_argument("--workspace", required=True, metavar="W", help="slug of the workspace")
    reporting.add_argument("--domain", default="", metavar="D", help="whose it is, where the file names no domain")
    reporting.add_argument("--json", action="store_true", help="tell it as one JSON object")
    reporting.set_defaults(command=_report)

    chaos = commands.add_parser("chaos", help="prove the promises: break a world of its own and count what is left")
    import_string(f"{_CHAOS}.add_arguments")(chaos)
    chaos.set_defaults(command=_chaos)

    adopt = commands.add_parser(
        "adopt", help="look at a restored or copied database, and let this machine send from it"
    )
    adopt.add_argument("--yes", action="store_true", help="no other server sends from it or from a copy of it")
    adopt.set_defaults(command=_adopt)

    secrets = commands.add_parser("secrets", help="write fresh secrets for docker-compose.yml")
    secrets.add_argument("folder", type=Path, metavar="FOLDER")
    secrets.set_defaults(command=_secrets)

    for name, command, text in (
        ("prepare", _prepare, "migrate the database and collect static files"),
        ("listen", _listen, "listen to mailboxes until asked to stop (IMAP IDLE)"),
        ("load-demo", _load_demo, "load the demo workspace (the mail world must run)"),
        ("docs", _docs, "write docs/settings.md"),
        ("version", _version, "print the version"),
    ):
        commands.add_parser(name, help=text).set_defaults(command=command)
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: write a number from 1 to 65535")
    return int(text)


def _upper(name: str) -> Callable[..., Any]:
    _set_up()
    found: Callable[..., Any] = import_string(name)
    return found


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")
    django.setup()


def _print_whatever_the_terminal_can_show() -> None:
    """Let a letter that a terminal's alphabet lacks become a question mark instead of the end of the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _echo(line: str) -> None:
    print(line, flush=True)


def _print_line(name: str, line: str) -> None:
    """Print what a service says; nothing that befalls the output may stop the servers or keep them from stopping.

    A reader went away (`outreach up | head`: EPIPE), the terminal was closed (EIO): nobody reads from now on. A full
    disk under a log file may have room again for the next line.
    """
    try:
        print(f"{time.strftime('%H:%M:%S')} {name:<8} | {line}", flush=True)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
