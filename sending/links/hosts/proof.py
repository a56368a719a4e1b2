"""Ask a tracking domain over HTTPS whether it leads to this very instance; and what the instance answers to that."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Sequence
from hmac import compare_digest
from ipaddress import ip_address

from outreach.env import env
from outreach.kit.connect import is_allowed
from outreach.kit.https import Answer, NoAnswer, get
from outreach.kit.tokens import instance_signer
from sending.links.hosts.core import Verdict
from sending.links.states import Finding
from sending.smtp.server import tls_trouble

PATH = "/.well-known/outreach/proof/"
PORT = 443
_QUESTION, _ANSWER = "tracking domain: question", "tracking domain: answer"
_TIMEOUT_S = 8.0


def answer_to(token: str, host: str) -> str | None:
    """Return what to answer to a question of this instance that came for a host, None where it is none of ours."""
    numbers = instance_signer().read(_QUESTION, token, count=2)
    return f"{instance_signer().sign(_ANSWER, *numbers)} {host}" if numbers else None


def prove(pk: int, host: str, addresses: Sequence[str]) -> Verdict:
    """Ask a host, at an address that it was found to have, who it is; never longer than 8 s.

    pk: of its row. Certificate and name are verified against the authorities that this machine trusts.
    """
    private = env().private_networks
    if not addresses:
        return Verdict(Finding.NO_ANSWER, f"{host} leads to a name without any address.")
    # One forbidden address among several is a name that changes its mind, as in kit/connect.py.
    if not all(is_allowed(ip_address(one), private) for one in addresses):
        words = f"{host} leads to an address that this server does not connect to (OUTREACH_PRIVATE_NETWORKS)."
        return Verdict(Finding.NO_ANSWER, words)
    numbers = pk, secrets.randbelow(2**62)
    place = host if PORT == 443 else f"{host}:{PORT}"
    url = f"https://{place}{PATH}{instance_signer().sign(_QUESTION, *numbers)}"
    try:
        answer = get(url, context=trusted(), at=addresses[0], private=private, timeout_s=_TIMEOUT_S)
    except NoAnswer as error:
        return _no_answer(host, error)
    return _judged(host, place, instance_signer().sign(_ANSWER, *numbers), answer)


def trusted() -> ssl.SSLContext:
    """Return the context that knows the authorities which readers' programs know."""
    return ssl.create_default_context()


def _no_answer(host: str, error: NoAnswer) -> Verdict:
    if not isinstance(error.__cause__, ssl.SSLError):
        return Verdict(Finding.NO_ANSWER, str(error))
    cause, words = tls_trouble(error.__cause__)
    told = {
        "certificate_dates": "its certificate is not valid any more, or not yet",
        "certificate_issuer": "its certificate comes from nobody whom browsers trust, or the certificates between lack",
        "certificate_host": "its certificate is for other names",
        "tls": "there is no TLS; most often the proxy has no certificate for this name",
    }.get(cause, "its certificate is not valid")
    return Verdict(Finding.CERTIFICATE, f"At {host} {told}. {words}")


def _judged(host: str, place: str, expected: str, answer: Answer) -> Verdict:
    said, _, seen = answer.body.decode("ascii", "replace").partition(" ")
    if answer.status != 200 or not compare_digest(said.encode(), expected.encode()):
        words = f"{host} answers, and it is not this instance that does (status {answer.status})."
        return Verdict(Finding.ELSEWHERE, words)
    if seen != place:
        words = f"{host} leads here, but the request arrives as one for {seen[:100]}: a proxy rewrites the Host header."
        return Verdict(Finding.ELSEWHERE, words)
    return Verdict(Finding.WORKS, f"{host} leads here, and its certificate is valid.")
