"""The proxies' files in docs/tracking.md, run by the real programs before a real web process."""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from django.core.management import call_command
from django.test import override_settings

from campaigns.contacts.models import Suppression
from outreach.embedded.ports import free_port
from outreach.env import ROOT
from outreach.kit.tokens import instance_signer
from outreach.settings import STORAGES
from sending.chaos.certificates import leaf
from sending.links.addresses import OPEN, OPT_OUT
from sending.links.states import DomainState
from sending.tracking import buffer
from tests.builders import make_contact, make_tracking_domain, make_workspace
from tests.needs import required
from tests.sending.tracking.serving import PATIENCE_S, running, serving

pytestmark = pytest.mark.django_db(transaction=True)
PAGES, TRACKING, OWN = "outreach.example.com", "go.example.com", "go.acme.com"
ASK = "/.well-known/outreach/certificate?domain="
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Proxy = Callable[[Path, int], AbstractContextManager[int]]


def snippet(kind: str) -> str:
    """Return a file of the guide."""
    text = (ROOT / "docs" / "tracking.md").read_text()
    (found,) = re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)
    return str(found)


@pytest.fixture(scope="module")
def served(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run a web process on the tests' database, with the names of the guide."""
    folder = tmp_path_factory.mktemp("web")
    with override_settings(STATIC_ROOT=folder / "static", STORAGES=STORAGES):
        call_command("collectstatic", interactive=False, verbosity=0)
    names = {
        "OUTREACH_ALLOWED_HOSTS": f"127.0.0.1 {PAGES}",
        "OUTREACH_PUBLIC_URL": f"https://{PAGES}",
        "OUTREACH_TRACKING_URL": f"https://{TRACKING}",
    }
    with serving(folder, **names) as port:
        yield port


@contextmanager
def nginx(folder: Path, behind: int) -> Iterator[int]:
    port = free_port()
    text = snippet("nginx").replace("listen 443", f"listen 127.0.0.1:{port}").replace(":8000", f":{behind}")
    for name in (PAGES, OWN):
        pair = leaf(name)
        secret = pair.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        live = folder / "live" / name
        live.mkdir(parents=True)
        (live / "fullchain.pem").write_text(pair.pem)
        (live / "privkey.pem").write_bytes(secret)
    text = text.replace("/etc/letsencrypt/", f"{folder}/")
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr;\nevents {{}}\n"
        f"http {{ access_log off;\n{places}{text}}}\n"
    )
    with running([required("nginx"), "-p", str(folder), "-c", str(file), "-e", "stderr"], port):
        yield port


@contextmanager
def caddy(folder: Path, behind: int) -> Iterator[int]:
    port, plain = free_port(), free_port()
    ports = f"http_port {plain}\n\thttps_port {port}\n\tdefault_bind 127.0.0.1"
    ours = f"admin off\n\tlocal_certs\n\tskip_install_trust\n\t{ports}\n"
    file = folder / "Caddyfile"
    file.write_text(snippet("caddy").replace("{\n", "{\n\t" + ours, 1).replace(":8000", f":{behind}"))
    env = {**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
    with running([required("caddy"), "run", "--config", str(file), "--adapter", "caddyfile"], port, env):
        yield port


def ask(port: int, name: str, path: str, body: str | None = None, **headers: str) -> HTTPResponse:
    """Ask over TLS for a name, from 127.0.9.7; answer read. Raises ssl.SSLError where there is no certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    raw = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S, source_address=("127.0.9.7", 0))
    asking = HTTPConnection(name)
    with context.wrap_socket(raw, server_hostname=name) as asking.sock:
        sent = {"X-Forwarded-For": "203.0.113.9", "User-Agent": "someone", **headers}
        asking.request("GET" if body is None else "POST", path, body, sent)
        answer = asking.getresponse()
        answer.read()
    return answer


@pytest.mark.parametrize(
    "proxy", [pytest.param(nginx, marks=pytest.mark.nginx), pytest.param(caddy, marks=pytest.mark.caddy)]
)
def test_a_proxy_of_the_guide_leads_each_name_where_it_belongs(proxy: Proxy, tmp_path: Path, served: int) -> None:
    contact = make_contact(make_workspace(), "ada@x.test")
    make_tracking_domain(contact.workspace, OWN, DomainState.WORKS)
    image = f"/o/{instance_signer().sign(OPEN, 7)}"
    buffer.client().delete(buffer.STREAM)
    with proxy(tmp_path, served) as port:
        for name in (TRACKING, OWN):
            answer = ask(port, name, image)
            assert (answer.status, answer.headers["Content-Type"]) == (200, "image/gif")
            assert ask(port, name, "/accounts/login/").status == 404
        assert ask(port, PAGES, image).status == 404
        pages = ask(port, PAGES, "/accounts/login/")
        assert (pages.status, "Strict-Transport-Security" in pages.headers) == (200, True), "it is told of https"
        assert ask(port, PAGES, "/accounts/login/", "x" * 2_000_000, **FORM).status != 413, "nginx takes 1 MB"
        assert ask(port, TRACKING, f"{ASK}{OWN}").status == 404, "nobody outside is told of names"
        with pytest.raises(ssl.SSLError):
            ask(port, "other.example.com", "/")
        token = instance_signer().sign(OPT_OUT, contact.pk, 0)
        assert ask(port, OWN, f"/u/{token}", "List-Unsubscribe=One-Click", **FORM).status == 200
        assert Suppression.objects.get().value == "ada@x.test"
        buffer.client().xread({buffer.STREAM: "0"}, block=5_000)
    hits = buffer.take(100)[1]
    assert {hit.network for hit in hits} == {"127.0.9.0/24"}, "not what the visitor has made up"
