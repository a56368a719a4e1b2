from __future__ import annotations

import asyncio
import os
import shutil
import socket
import stat
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from outreach.embedded import freshness
from outreach.embedded.faults import DiskFull, NoAccess, PortTaken
from outreach.embedded.ports import LOOPBACK, check_port, free_port, reached_at, serves_pages
from outreach.embedded.preflight import await_port, make_data_dir


def test_data_directory_is_made_private(tmp_path: Path) -> None:
    make_data_dir(tmp_path / "deep/data")
    assert stat.S_IMODE((tmp_path / "deep/data").stat().st_mode) == 0o700
    make_data_dir(tmp_path / "deep/data")


def test_full_disk_is_refused_before_anything_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=120 * 2**20))
    with pytest.raises(DiskFull, match="is full: 120 MB are free, 300 MB are needed"):
        make_data_dir(tmp_path / "data")


def test_folder_without_write_access_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)  # root may write everywhere
    with pytest.raises(NoAccess, match="Cannot write into the data directory"):
        make_data_dir(tmp_path)


def test_taken_port_is_refused_and_a_closed_one_is_free_again() -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken):
            check_port(LOOPBACK, port)
    check_port(LOOPBACK, port)


def test_port_that_is_taken_under_every_address_is_refused_on_one() -> None:
    with socket.create_server(("", 0)) as other, pytest.raises(PortTaken):
        check_port(LOOPBACK, other.getsockname()[1])


def test_unknown_address_is_one_clear_line() -> None:
    with pytest.raises(NoAccess, match=r"Cannot listen on 192\.0\.2\.1"):
        check_port("192.0.2.1", free_port())


def test_port_is_awaited_after_a_kill_only() -> None:
    other = socket.create_server((LOOPBACK, 0))
    port = other.getsockname()[1]
    with pytest.raises(PortTaken):
        await_port(LOOPBACK, port, after_a_kill=False)
    timer = threading.Timer(0.5, other.close)
    timer.start()
    await_port(LOOPBACK, port, after_a_kill=True)
    timer.join()


def test_server_on_every_address_is_reached_on_loopback() -> None:
    every = "0.0.0.0"  # noqa: S104  nothing is bound here
    assert [reached_at(host) for host in (every, "::", "192.0.2.7")] == ["127.0.0.1", "::1", "192.0.2.7"]


def test_new_migration_static_file_or_database_asks_to_prepare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(freshness, "ROOT", tmp_path)
    cluster = tmp_path / "postgres"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("18\n")
    migration = tmp_path / "campaigns/contacts/migrations/0001_initial.py"
    style = tmp_path / "static/css/page.css"
    for path in (migration, style):
        path.parent.mkdir(parents=True)
        path.write_text("a")
    states = [freshness.fingerprint(cluster)]
    migration.write_text("b")
    states.append(freshness.fingerprint(cluster))
    style.write_text("longer")
    states.append(freshness.fingerprint(cluster))
    cluster.rename(tmp_path / "old")
    states.append(freshness.fingerprint(cluster))
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("18\n")
    states.append(freshness.fingerprint(cluster))
    assert len(set(states)) == 5
    assert freshness.fingerprint(cluster) == states[-1]


@pytest.mark.parametrize(
    ("status", "ready"), [("200 OK", True), ("302 Found", True), ("400 Bad Request", True), ("500 Oops", False)]
)
def test_web_is_ready_when_it_answers_without_a_fault_of_its_own(status: str, *, ready: bool) -> None:
    asked: list[bytes] = []

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            asked.append(connection.recv(1024).split(b" HTTP/")[0])
            connection.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())

    with socket.create_server((LOOPBACK, 0)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        probe = serves_pages(LOOPBACK, server.getsockname()[1])

        async def ask() -> bool:
            return await probe()

        assert asyncio.run(ask()) is ready
        thread.join()
    assert asked == [b"HEAD /healthz"]  # a page of people counts its visitors: a slow start would use up their limit
