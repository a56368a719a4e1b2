"""docker-compose.yml and Dockerfile, read as data: no container engine runs where the tests run."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from outreach import clockwork
from outreach.celery import app
from outreach.embedded.faults import NoAccess
from outreach.embedded.keys import write_service_secrets
from outreach.env import ROOT, VARIABLES, load

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
PROGRAM = ("migrate", "web", "worker", "jobs", "courier", "listener", "beat")
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_services_are_the_program_and_its_two_servers() -> None:
    assert set(SERVICES) == {*PROGRAM, "postgres", "redis"}


@pytest.mark.parametrize("name", ["web", "worker", "jobs", "courier", "listener", "beat", "postgres", "redis"])
def test_each_lasting_service_has_a_health_check_and_comes_back(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries"} <= set(check)
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_only_web_publishes_a_port() -> None:
    assert {name for name, service in SERVICES.items() if service.get("ports")} == {"web"}
    assert not [name for name, service in SERVICES.items() if "network_mode" in service]


def test_servers_are_on_the_inner_network_alone() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["inside"]


@pytest.mark.parametrize("name", PROGRAM)
def test_program_runs_without_rights_that_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in service
    assert "privileged" not in service


def test_courier_has_time_to_end_a_delivery() -> None:
    assert SERVICES["courier"]["stop_grace_period"] == "60s"
    assert SERVICES["courier"]["init"] is True


def test_every_queue_has_one_kind_of_worker() -> None:
    queues = {
        name: service["command"][service["command"].index("--queues") + 1]
        for name, service in SERVICES.items()
        if "--queues" in service.get("command", ())
    }
    assert queues == {"worker": "celery", "jobs": "jobs", "courier": "deliver"}
    assert {route["queue"] for route in clockwork.task_routes.values()} == {"jobs", "deliver"}


def test_only_what_is_through_in_a_moment_shares_the_queue_of_ticks_and_sweeps() -> None:
    app.loader.import_default_modules()
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    assert ours - set(clockwork.task_routes) == {
        "outbox.tick", "outbox.sweep", "outbox.trim", "inbox.tick", "mailboxes.trim", "ledger.fold", "ledger.forget",
        "contacts.sweep_imports", "contacts.sweep_checks", "contacts.sweep_bulk", "accounts.forget_answers",
        "planner.follow_tags", "planner.guard", "rehearsal.sweep", "inbox.wake", "tracking.flush", "tracking.judge",
        "tracking.forget",
    }  # fmt: skip
    assert set(clockwork.task_routes) <= ours


def test_web_worker_and_beat_wait_for_the_migration() -> None:
    for name in ("web", "worker", "jobs", "courier", "listener", "beat"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}


def test_no_secret_stands_in_the_file() -> None:
    secret = {variable.name for variable in VARIABLES if variable.secret}
    needed = {variable.name for variable in VARIABLES if variable.secret and variable.default is None}
    for name in PROGRAM:
        environment = SERVICES[name]["environment"]
        assert not secret & set(environment)
        for variable in needed:
            mounted = Path(environment[f"{variable}_FILE"])
            assert mounted.parent == Path("/run/secrets")
            assert mounted.name in SERVICES[name]["secrets"]
    assert SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/postgres_password"
    assert "redis_password" in SERVICES["redis"]["secrets"]


def test_every_setting_given_to_the_program_exists() -> None:
    known = {variable.name for variable in VARIABLES}
    assert {name.removesuffix("_FILE") for name in SERVICES["web"]["environment"]} <= known


def test_command_writes_exactly_the_secrets_that_are_mounted(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    done = subprocess.run(
        [sys.executable, "-m", "outreach.cli", "secrets", folder], cwd=ROOT, capture_output=True, check=True
    )
    assert b"written" in done.stdout
    files = {path.name: path for path in folder.iterdir()}
    assert {Path(entry["file"]).name for entry in COMPOSE["secrets"].values()} == set(files)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert files["postgres_password"].read_text().strip() in files["database_url"].read_text()
    assert files["redis_password"].read_text().strip() in files["redis_url"].read_text()


def test_program_reads_the_secrets_as_they_are_mounted(tmp_path: Path) -> None:
    write_service_secrets(tmp_path / "secrets")
    environment = {
        name: value.replace("/run/secrets", str(tmp_path / "secrets"))
        for name, value in SERVICES["web"]["environment"].items()
        if name.endswith("_FILE")
    }
    env = load({**environment, "OUTREACH_DATA_DIR": str(tmp_path)})
    assert env.database_url.endswith("@postgres:5432/outreach")
    assert env.redis_url.endswith("@redis:6379/0")
    assert len(env.credential_keys) == 1


def test_secrets_are_never_overwritten(tmp_path: Path) -> None:
    write_service_secrets(tmp_path / "secrets")
    before = (tmp_path / "secrets/credential_keys").read_text()
    with pytest.raises(NoAccess, match="never overwritten"):
        write_service_secrets(tmp_path / "secrets")
    assert (tmp_path / "secrets/credential_keys").read_text() == before


def test_image_runs_as_an_ordinary_user_on_a_clean_base() -> None:
    last = DOCKERFILE.split("FROM ")[-1]
    assert last.startswith("python:3.11-slim\n")
    assert re.findall(r"^USER (\w+)$", last, re.MULTILINE) == ["outreach"]
    assert last.index("USER outreach") < last.index("CMD")
    assert not re.search(r"apt-get|pip install|uv ", last)
    assert "--require-hashes" in DOCKERFILE


def test_image_copies_only_what_exists_and_nothing_private() -> None:
    sources = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    names = {name for line in sources for name in line.split()}
    assert not [name for name in names if not (ROOT / name).exists()]
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".venv", ".data", "secrets"} <= set(ignored)
    assert not names & set(ignored)
