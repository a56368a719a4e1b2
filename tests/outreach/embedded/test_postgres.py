from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from outreach.embedded.faults import NoAccess, WrongVersion
from outreach.embedded.ports import free_port, start_on_free_port
from outreach.embedded.postgres import Cluster, open_cluster, postgres_service, postgres_url

PASSWORD = "for-this-test"


def open_here(folder: Path) -> Cluster:
    return open_cluster(folder / "postgres", password=PASSWORD, durable=False)


def ask(cluster: Cluster, *statements: str, password: str = PASSWORD) -> str:
    """Start the server, run the statements over loopback, stop the server; return the last answer."""

    async def asking() -> str:
        child, port = await start_on_free_port(
            lambda port: postgres_service(cluster, port=port, durable=False), lambda _name, _line: None
        )
        try:
            return await asyncio.to_thread(_run, postgres_url(port, password), statements)
        finally:
            await child.stop()

    return asyncio.run(asking())


def _run(url: str, statements: tuple[str, ...]) -> str:
    with psycopg.connect(url) as connection:
        for statement in statements[:-1]:
            connection.execute(statement.encode())
        row = connection.execute(statements[-1].encode()).fetchone()
    assert row
    return str(row[0])


def start_orphan(cluster: Cluster) -> subprocess.Popen[bytes]:
    """Start the server as a supervisor does, but with nobody who would end it."""
    service = postgres_service(cluster, port=free_port(), durable=False)
    account = cluster.account
    orphan = subprocess.Popen(
        service.argv, pass_fds=service.fds, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        user=account.uid if account else None, group=account.gid if account else None,
        extra_groups=[] if account else None,
    )  # fmt: skip

    async def until_ready() -> None:
        assert service.ready
        while not await service.ready():  # noqa: ASYNC110  a process cannot set our events
            await asyncio.sleep(0.05)

    asyncio.run(asyncio.wait_for(until_ready(), 20))
    return orphan


def test_server_sorts_and_encodes_alike_on_every_machine(tmp_path: Path) -> None:
    question = (
        "SELECT concat_ws(' ', datlocprovider, datlocale, pg_encoding_to_char(encoding)) "
        "FROM pg_database WHERE datname = current_database()"
    )
    assert ask(open_here(tmp_path), question) == "b C.UTF-8 UTF8"


def test_a_server_that_still_recovers_is_not_ready(tmp_path: Path) -> None:
    async def recovering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_ssl_request = (await reader.read(1024))[4:8] == bytes.fromhex("04d2162f")
        writer.write(b"N" if is_ssl_request else b"E\0\0\0\x1bSFATAL\0C57P03\0Mwait\0\0")
        await writer.drain()
        writer.close()

    async def asking() -> bool:
        async with await asyncio.start_server(recovering, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            ready = postgres_service(open_here(tmp_path), port=port, durable=False).ready
            assert ready
            return await ready()

    assert not asyncio.run(asking())


def test_second_opening_keeps_the_data(tmp_path: Path) -> None:
    ask(open_here(tmp_path), "CREATE TABLE kept AS SELECT 7 AS n", "SELECT n FROM kept")
    assert ask(open_here(tmp_path), "SELECT n FROM kept") == "7"


def test_wrong_password_is_refused(tmp_path: Path) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        ask(open_here(tmp_path), "SELECT 1", password="guessed")


def test_only_loopback_is_listened_on(tmp_path: Path) -> None:
    question = "SELECT current_setting('listen_addresses') || '|' || current_setting('unix_socket_directories')"
    assert ask(open_here(tmp_path), question) == "127.0.0.1|"


def test_data_of_another_major_version_are_refused_and_left_alone(tmp_path: Path) -> None:
    open_here(tmp_path)
    (tmp_path / "postgres/PG_VERSION").write_text("16\n")
    with pytest.raises(WrongVersion, match=r"made by PostgreSQL 16, but the server found here is \d+"):
        open_here(tmp_path)
    assert (tmp_path / "postgres/base").is_dir()


def test_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres.new/base").mkdir(parents=True)
    assert ask(open_here(tmp_path), "SELECT 1") == "1"
    assert not (tmp_path / "postgres.new").exists()


def test_folder_with_other_files_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres/thesis.txt").write_text("precious")
    with pytest.raises(NoAccess, match="holds files but no PostgreSQL data"):
        open_here(tmp_path)
    assert (tmp_path / "postgres/thesis.txt").read_text() == "precious"


def test_pid_file_that_names_a_stranger_does_not_stop_the_start(tmp_path: Path) -> None:
    cluster = open_here(tmp_path)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        try:
            pid_file = tmp_path / "postgres/postmaster.pid"
            pid_file.write_text(f"{stranger.pid}\n{tmp_path}/postgres\n1\n5432\n\n127.0.0.1\n")
            if cluster.account:
                os.chown(pid_file, cluster.account.uid, cluster.account.gid)
            assert ask(open_here(tmp_path), "SELECT 1") == "1"
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_server_that_outlived_its_supervisor_is_ended_first(tmp_path: Path) -> None:
    orphan = start_orphan(open_here(tmp_path))
    assert ask(open_here(tmp_path), "SELECT 1") == "1"
    assert orphan.wait(10) == 0


def test_what_a_start_after_a_kill_always_says_is_not_passed_on(tmp_path: Path) -> None:
    service = postgres_service(open_here(tmp_path), port=free_port())
    assert service.worth_saying
    said = "2026-03-01 09:53:41.156 UTC [236] FATAL:  "
    assert not service.worth_saying.search(f"{said}the database system is starting up")
    assert not service.worth_saying.search(f"{said}the database system is not yet accepting connections")
    assert service.worth_saying.search(f'{said}could not write to file "pg_wal/xlogtemp": No space left on device')
    assert service.worth_saying.search(f"{said}data directory is of a wrong kind")


def test_folders_above_the_data_keep_their_rights(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = [(path, path.stat().st_mode, path.stat().st_uid) for path in (closed, tmp_path, *tmp_path.parents)]
    ask(open_here(closed), "SELECT 1")
    assert [(path, path.stat().st_mode, path.stat().st_uid) for path, _, _ in before] == before
    assert stat.S_IMODE((closed / "postgres").stat().st_mode) == 0o700
