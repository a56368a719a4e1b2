"""The certificate: trusted through its authority, renewed in time, whole after any accident."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from sending.sandbox.authority import certificate


def server_of(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())


def test_the_certificate_names_this_machine_and_is_kept(tmp_path: Path) -> None:
    paths = certificate(tmp_path)
    names = server_of(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"localhost", "mail.sandbox.test"}
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    before = {path: path.read_bytes() for path in (paths.ca, paths.cert)}
    assert certificate(tmp_path) == paths
    assert {path: path.read_bytes() for path in before} == before


def test_only_its_user_reads_a_key(tmp_path: Path) -> None:
    paths = certificate(tmp_path)
    assert paths.key.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "authority.pem").stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" not in paths.ca.read_bytes()


def test_a_certificate_is_renewed_before_its_end_under_the_same_authority(tmp_path: Path) -> None:
    certificate(tmp_path)
    authority, first = (tmp_path / "ca.pem").read_bytes(), server_of(tmp_path)
    certificate(tmp_path, first.not_valid_after_utc - timedelta(days=31))
    assert server_of(tmp_path) == first
    certificate(tmp_path, first.not_valid_after_utc - timedelta(days=29))
    renewed = server_of(tmp_path)
    assert renewed.not_valid_after_utc > first.not_valid_after_utc
    assert (tmp_path / "ca.pem").read_bytes() == authority
    renewed.verify_directly_issued_by(x509.load_pem_x509_certificate(authority))


def test_with_a_new_authority_comes_a_new_certificate(tmp_path: Path) -> None:
    certificate(tmp_path)
    first = server_of(tmp_path)
    certificate(tmp_path, datetime.now(UTC) + timedelta(days=3640))
    ca = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())
    assert server_of(tmp_path) != first
    server_of(tmp_path).verify_directly_issued_by(ca)


@pytest.mark.parametrize("name", ["ca.pem", "authority.pem", "server.pem"])
@pytest.mark.parametrize(
    "content", [None, b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_damaged_file_is_made_anew(tmp_path: Path, name: str, content: bytes | None) -> None:
    certificate(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    paths = certificate(tmp_path)
    ssl.create_default_context(cafile=str(paths.ca)).load_cert_chain(paths.cert, paths.key)
    server_of(tmp_path).verify_directly_issued_by(x509.load_pem_x509_certificate(paths.ca.read_bytes()))


def test_a_certificate_with_the_key_of_another_is_made_anew(tmp_path: Path) -> None:
    certificate(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    certificate(other)
    content = (tmp_path / "server.pem").read_text()
    stranger = (other / "server.pem").read_text()
    key_end = "-----END PRIVATE KEY-----\n"
    (tmp_path / "server.pem").write_text(stranger.partition(key_end)[0] + key_end + content.partition(key_end)[2])
    paths = certificate(tmp_path)
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(paths.cert, paths.key)
