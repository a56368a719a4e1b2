"""The program as the web server serves it: real connections, kept open, with bodies sent in every way."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest

from campaigns.contacts.models import ContactImport, Suppression
from campaigns.contacts.states import SuppressionReason
from outreach.kit.tokens import instance_signer
from sending.links.addresses import OPEN, OPT_OUT
from sending.tracking import buffer
from sending.tracking.answers import MOST_BYTES
from tests.builders import make_contact, make_member, make_workspace
from tests.programs import API, make_key
from tests.sending.tracking.host import CHROME, NAME
from tests.sending.tracking.serving import PATIENCE_S, serving

pytestmark = pytest.mark.django_db(transaction=True)
ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"
MULTIPART = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
CHUNKED = {"Transfer-Encoding": "chunked"}
CONTACTS = b"email\n" + b"".join(b"p%d@x.test\n" % number for number in range(1_000))
FILE = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\nContent-Type: text/csv\r\n\r\n'
    b"%s\r\n--b--\r\n" % CONTACTS
)


@pytest.fixture(scope="module")
def served(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(tmp_path_factory.mktemp("web")) as port:
        yield port


@pytest.fixture
def program(served: int) -> Iterator[HTTPConnection]:
    """Gives a mail program with one connection, which has to stay open: it does not connect again by itself."""
    asking = HTTPConnection("127.0.0.1", served, timeout=PATIENCE_S)
    asking.connect()
    asking.auto_open = 0
    yield asking
    asking.close()


def ask(program: HTTPConnection, method: str, path: str, body: bytes = b"", **headers: str) -> HTTPResponse:
    """Ask, and read the answer. Where it says so the body goes in chunks of seven bytes."""
    names = {"Host": NAME, "User-Agent": CHROME, "X-Forwarded-For": "198.51.100.7"}
    names |= {name.replace("_", "-"): value for name, value in headers.items()}
    if "Transfer-Encoding" in names:
        pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
        program.request(method, path, pieces, names, encode_chunked=True)
    else:
        program.request(method, path, body or None, names)
    answer = program.getresponse()
    answer.read()
    assert "Set-Cookie" not in answer.headers
    return answer


def page_of(email: str) -> str:
    contact = make_contact(make_workspace(), email)
    return f"/u/{instance_signer().sign(OPT_OUT, contact.pk, 0)}"


def suppressed() -> list[tuple[str, str]]:
    return list(Suppression.objects.values_list("value", "reason"))


@pytest.mark.parametrize("headers", [{}, CHUNKED], ids=["with its length", "in chunks"])
@pytest.mark.parametrize(("body", "kind"), [(ONE_CLICK, FORM), (MULTIPART, PARTS)], ids=["form", "multipart"])
def test_one_click_is_heard_however_its_body_is_sent(
    program: HTTPConnection, body: bytes, kind: str, headers: dict[str, str]
) -> None:
    path = page_of("ada@x.test")
    for _ in range(2):
        assert ask(program, "POST", path, body, Content_Type=kind, **headers).status == 200
        assert suppressed() == [("ada@x.test", SuppressionReason.OPTED_OUT)]
    assert ask(program, "GET", path).status == 200


@pytest.mark.parametrize("headers", [{}, CHUNKED], ids=["with its length", "in chunks"])
@pytest.mark.parametrize("size", [0, MOST_BYTES + 1])
def test_a_body_that_is_none_of_a_form_changes_nothing(
    program: HTTPConnection, size: int, headers: dict[str, str]
) -> None:
    path, body = page_of("ada@x.test"), (ONE_CLICK + b"&x=" + b"y" * size)[:size]
    assert ask(program, "POST", path, body, Content_Type=FORM, **headers).status == 400
    assert ask(program, "POST", path, ONE_CLICK, Content_Type="text/plain", **headers).status == 400
    assert suppressed() == []


def test_a_body_that_breaks_off_changes_nothing_and_holds_nobody_up(served: int, program: HTTPConnection) -> None:
    path = page_of("ada@x.test")
    head = f"POST {path} HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: {FORM}\r\nTransfer-Encoding: chunked\r\n\r\n"
    for wrong in (b"1a\r\nList-Unsubscribe=One", b"1a\r\n", b"zz\r\n" + ONE_CLICK):
        with socket.create_connection(("127.0.0.1", served), timeout=PATIENCE_S) as other:
            other.sendall(head.encode() + wrong)
            other.shutdown(socket.SHUT_WR)
            assert b" 200 " not in other.recv(4_096)[:15]
    assert ask(program, "GET", path).status == 200
    assert suppressed() == []


def test_what_reads_changes_nothing_and_is_noted_as_what_it_was(program: HTTPConnection) -> None:
    path, image = page_of("ada@x.test"), f"/o/{instance_signer().sign(OPEN, 7)}"
    buffer.client().delete(buffer.STREAM)
    asked: list[tuple[str, dict[str, Any]]] = [
        ("GET", {}),
        ("HEAD", {}),
        ("GET", {"Sec_Purpose": "prefetch;prerender"}),
        ("GET", {"X_Moz": "prefetch"}),
    ]
    for method, headers in asked:
        for at, status in ((path, 200), (f"{path}/source", 200), (image, 200), (f"{path}x", 404), ("/", 404)):
            answer = ask(program, method, at, **headers)
            assert (answer.status, answer.headers["Cache-Control"]) == (status, "no-store"), (method, at)
            assert int(answer.headers["Content-Length"]) > 0
    assert ask(program, "GET", f"{path}?{ONE_CLICK.decode()}").status == 200
    assert suppressed() == []
    noted: list[tuple[str, str]] = []
    while len(noted) < len(asked):
        assert buffer.client().xread({buffer.STREAM: "0"}, block=5_000), "they are on their way"
        ids, hits = buffer.take(100)
        buffer.drop(ids)
        noted += [(hit.method, hit.hint) for hit in hits]
    assert noted == [("GET", ""), ("HEAD", ""), ("GET", "prefetch;prerender"), ("GET", "prefetch")]


def of_program() -> dict[str, str]:
    """Return the headers of a program that comes in over the API."""
    return {"Host": "localhost", "Authorization": f"Bearer {make_key(make_member(make_workspace()))[1]}"}


@pytest.mark.parametrize("headers", [{}, CHUNKED], ids=["with its length", "in chunks"])
def test_the_api_reads_a_body_however_it_is_sent(program: HTTPConnection, headers: dict[str, str]) -> None:
    headers = {**headers, **of_program()}
    rule = b'{"value": "ada@x.test"}'
    assert ask(program, "POST", f"{API}/suppressions", rule, Content_Type="application/json", **headers).status == 201
    assert suppressed() == [("ada@x.test", SuppressionReason.MANUAL)]
    assert ask(program, "POST", f"{API}/imports", FILE, Content_Type=PARTS, **headers).status == 202
    assert ContactImport.objects.get().size_bytes == len(CONTACTS)


def test_half_a_body_is_none(served: int, program: HTTPConnection) -> None:
    headers = of_program()
    of_file = f"POST {API}/imports HTTP/1.1\r\nContent-Type: {PARTS}\r\n"
    of_form = f"POST {API}/suppressions HTTP/1.1\r\nContent-Type: application/json\r\n"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    for head, half in [(of_file, FILE[: len(FILE) // 2]), (of_form, b'{"value": "ada@x.test"')]:
        for way, sent in [
            (f"Content-Length: {2 * len(half)}", half),
            ("Transfer-Encoding: chunked", b"%x\r\n%s\r\n" % (len(half), half)),
        ]:
            with socket.create_connection(("127.0.0.1", served), timeout=PATIENCE_S) as other:
                other.sendall(f"{head}{lines}{way}\r\n\r\n".encode() + sent)
                other.shutdown(socket.SHUT_WR)
                assert other.recv(4_096)[9:12] in {b"400", b"411"}
    assert (suppressed(), ContactImport.objects.count()) == ([], 0)
    # Nobody could see whether it is whole, and no browser sends a form so.
    answer = ask(program, "POST", "/accounts/login/", b"login=ada", Content_Type=FORM, **CHUNKED, Host="localhost")
    assert answer.status == 411
