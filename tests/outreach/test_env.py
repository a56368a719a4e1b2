from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from outreach.env import VARIABLES, BadSetting, load, settings_page

GIVEN = {
    "DATABASE_URL": "postgresql://u:p@db:5432/outreach",
    "REDIS_URL": "redis://:p@cache:6379/0",
    "OUTREACH_SECRET_KEY": "s" * 50,
    "OUTREACH_CREDENTIAL_KEYS": "new old",
}


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    return {**GIVEN, "OUTREACH_DATA_DIR": str(tmp_path)}


def test_defaults_are_those_of_a_careful_server(given: dict[str, str]) -> None:
    env = load(given)
    assert env.credential_keys == ("new", "old")
    assert env.public_url == "http://127.0.0.1:8000"
    assert env.private_networks == ()
    assert (env.debug, env.allow_sign_up, env.log_json) == (False, False, False)


@pytest.mark.parametrize("name", list(GIVEN))
def test_missing_variable_is_named_with_what_to_do(given: dict[str, str], name: str) -> None:
    del given[name]
    with pytest.raises(BadSetting, match=rf"^{name} is not set\. Start the embedded servers with `make run`"):
        load(given)


def test_secret_may_come_from_a_file(given: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n")
    del given["OUTREACH_SECRET_KEY"]
    assert load({**given, "OUTREACH_SECRET_KEY_FILE": str(tmp_path / "key")}).secret_key == "from-a-file"


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file or directory"), (b"\xff\xfe", "not a text file")])
def test_file_that_cannot_be_read_is_named(
    given: dict[str, str], tmp_path: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(BadSetting, match=rf"^DATABASE_URL_FILE: cannot read {tmp_path}/key: {reason}"):
        load({**given, "DATABASE_URL_FILE": str(tmp_path / "key")})


def test_empty_file_is_refused(given: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    with pytest.raises(BadSetting, match=r"^OUTREACH_SECRET_KEY_FILE: .* is empty"):
        load({**given, "OUTREACH_SECRET_KEY_FILE": str(tmp_path / "key")})


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("OUTREACH_DEBUG", "maybe", "write 1 or 0"),
        ("OUTREACH_PRIVATE_NETWORKS", "10.0.0.1/8", "write CIDR ranges"),
        ("DATABASE_URL", "mysql://db/x", "must begin with postgresql://"),
        ("REDIS_URL", "redis://cache:port/0", "is not an address"),
        ("OUTREACH_PUBLIC_URL", "outreach.example.com", "must begin with http://"),
        ("OUTREACH_LEASE_S", "1", "write a whole number from 2 to 3600"),
        ("OUTREACH_LEASE_S", "60.5", "write a whole number"),
    ],
)
def test_nonsense_is_refused_by_name(given: dict[str, str], name: str, value: str, complaint: str) -> None:
    with pytest.raises(BadSetting, match=rf"^{name}.*{complaint}"):
        load({**given, name: value})


def test_refusal_does_not_repeat_the_password(given: dict[str, str]) -> None:
    with pytest.raises(BadSetting) as refused:
        load({**given, "DATABASE_URL": "mysql://u:topsecret@db/x"})
    assert "topsecret" not in str(refused.value)


def test_running_servers_are_found_through_the_run_file(tmp_path: Path) -> None:
    lines = [f"{name}={value}\n" for name, value in GIVEN.items()]
    (tmp_path / "run.env").write_text("# written by outreach up\n" + "".join(lines))
    env = load({"OUTREACH_DATA_DIR": str(tmp_path)})
    assert env.database_url == GIVEN["DATABASE_URL"]


def test_environment_wins_over_the_run_file_and_an_empty_value_does_not(given: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "run.env").write_text("OUTREACH_SECRET_KEY=of-the-file\nOUTREACH_PUBLIC_URL=http://file:1\n")
    env = load({**given, "OUTREACH_PUBLIC_URL": ""})
    assert env.secret_key == GIVEN["OUTREACH_SECRET_KEY"]
    assert env.public_url == "http://file:1"


def test_file_of_the_environment_wins_over_the_run_file(given: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "run.env").write_text("OUTREACH_SECRET_KEY=of-the-run-file\n")
    (tmp_path / "key").write_text("of-the-secret-file")
    del given["OUTREACH_SECRET_KEY"]
    env = load({**given, "OUTREACH_SECRET_KEY_FILE": str(tmp_path / "key")})
    assert env.secret_key == "of-the-secret-file"


def test_networks_are_parsed(given: dict[str, str]) -> None:
    env = load({**given, "OUTREACH_PRIVATE_NETWORKS": "127.0.0.0/8, fd00::/8"})
    assert env.private_networks == (ip_network("127.0.0.0/8"), ip_network("fd00::/8"))


def test_page_tells_every_variable_once() -> None:
    page = settings_page()
    assert [page.count(f"| `{variable.name}` |") for variable in VARIABLES] == [1] * len(VARIABLES)


@pytest.mark.parametrize("provider", ["GOOGLE", "MICROSOFT"])
def test_client_of_a_provider_is_whole_or_none(given: dict[str, str], provider: str) -> None:
    env = load(given)
    assert (env.google, env.microsoft, env.microsoft_tenant) == (None, None, "common")
    whole = {f"OUTREACH_{provider}_CLIENT_ID": "id", f"OUTREACH_{provider}_CLIENT_SECRET": "hidden"}
    client = getattr(load(given | whole), provider.lower())
    assert (client.id, client.secret) == ("id", "hidden")
    assert "hidden" not in repr(client)
    for name in whole:
        with pytest.raises(BadSetting, match=f"is set and {name} is not"):
            load(given | whole | {name: ""})


@pytest.mark.parametrize(
    "tenant", ["common", "organizations", "acme.onmicrosoft.com", "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"]
)
def test_tenant_is_a_name_or_an_id(given: dict[str, str], tenant: str) -> None:
    assert load(given | {"OUTREACH_MICROSOFT_TENANT": tenant}).microsoft_tenant == tenant


@pytest.mark.parametrize("tenant", ["../evil", "a/b", "evil.test/x?", "a b", ".", "{tenant}", "a" * 101])
def test_tenant_leads_nowhere_else(given: dict[str, str], tenant: str) -> None:
    with pytest.raises(BadSetting, match=r"^OUTREACH_MICROSOFT_TENANT is "):
        load(given | {"OUTREACH_MICROSOFT_TENANT": tenant})
