"""Certificates for servers of faults and tests: good, expired, self-signed, for another name."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import tempfile
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


@cache
def authority() -> Pair:
    """The authority that the tests add to a mailbox."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)  # signs certificates
    certificate = (
        _builder(name, name, key, days=(-1, 30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate, key)


@cache
def leaf(host: str = "127.0.0.1", *, first_day: int = -1, last_day: int = 30, self_signed: bool = False) -> Pair:
    """A server's certificate for `host`; days count from today."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server")])
    issuer = Pair(authority().certificate, authority().key)
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        alternative = x509.DNSName(host)
    builder = (
        _builder(name, name if self_signed else issuer.certificate.subject, key, days=(first_day, last_day))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    signer = key if self_signed else issuer.key
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return Pair(builder.add_extension(identifier, critical=False).sign(signer, hashes.SHA256()), key)


def server_context(pair: Pair, *, newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """The TLS context of a server that shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "both.pem"
        secret = pair.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(pair.pem.encode() + secret)
        context.load_cert_chain(path)
    if newest is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # an old version is what we want to be refused
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = newest
    return context


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: tuple[int, int]
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + days[0] * _DAY)
        .not_valid_after(now + days[1] * _DAY)
    )
