"""The tracking host as recipients and machines meet it: no cookies are kept, and none may come."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, cast
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.test import Client, RequestFactory

from sending.tracking.front import TrackingFront
from sending.tracking.storing import HITS, flush

NAME = "go.example.net"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
)


@dataclass
class Visitor:
    """Somebody, or something, at the tracking host."""

    agent: str = CHROME
    address: str = "198.51.100.7"
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    def get(self, url: str, **headers: str) -> HttpResponse:
        return self._asked("get", url, headers)

    def head(self, url: str) -> HttpResponse:
        return self._asked("head", url, {})

    def options(self, url: str) -> HttpResponse:
        return self._asked("options", url, {})

    def post(self, url: str, data: Any = None, **more: Any) -> HttpResponse:
        return self._asked("post", url, more.pop("headers", {}), data=data or {}, **more)

    def other(self, method: str, url: str, data: Any = None, **more: Any) -> HttpResponse:
        return self._asked(method, url, {}, data=data or {}, **more)

    def again(self, url: str, times: int) -> list[int]:
        """Get an address many times as the web server has it answered: by the front where that can, else by Django.

        Returns the statuses. The request is made once: to make it costs more than to answer it.
        """
        made = RequestFactory().get(urlsplit(url).path, **self._names()).environ  # type: ignore[arg-type]
        return [self._once(url, made) for _ in range(times)]

    def _once(self, url: str, environ: dict[str, Any]) -> int:
        said: list[Any] = []
        TrackingFront(lambda *_: [])(environ, lambda *answer: said.extend(answer))
        if not said:
            return self.get(url).status_code
        status, headers = said
        assert "Set-Cookie" not in dict(headers)
        return int(status[:3])

    def _names(self) -> dict[str, str]:
        forwarded = f"10.1.1.1, {self.address}"
        return {"HTTP_HOST": NAME, "HTTP_USER_AGENT": self.agent, "HTTP_X_FORWARDED_FOR": forwarded}

    def _asked(self, method: str, url: str, headers: dict[str, str], **more: Any) -> HttpResponse:
        extra = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        answer = getattr(self.client, method)(urlsplit(url).path, **more, **self._names(), **extra)
        assert not answer.cookies
        assert not self.client.cookies
        return cast("HttpResponse", answer)


def carried() -> int:
    """Carry on every hit to the database; returns how many are news."""
    HITS.empty()
    return flush()


@dataclass(frozen=True)
class Sent:
    """A message as it arrived: its addresses that lead back to us."""

    mail: EmailMessage

    @property
    def header(self) -> str:
        found = re.match(r"<(https:[^>]+)>", str(self.mail["List-Unsubscribe"]))
        assert found
        return found[1]

    @property
    def html(self) -> str:
        part = self.mail.get_body(("html",))
        assert part is not None
        return str(part.get_content())

    @property
    def text(self) -> str:
        part = self.mail.get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    @property
    def links(self) -> list[str]:
        """The followed links that a reader can see."""
        return re.findall(r'href="(https://go\.example\.net/c/[^"]+)"[^>]*>[^<]', self.html)

    @property
    def trap(self) -> str:
        (found,) = re.findall(r'<a href="(https://go\.example\.net/c/[^"]+)"></a>', self.html)
        return str(found)

    @property
    def image(self) -> str:
        (found,) = re.findall(r'src="(https://go\.example\.net/o/[^"]+)"', self.html)
        return str(found)


def read(raw: bytes) -> Sent:
    """Return a message from the bytes of the wire, where a dot that begins a line stands twice (RFC 5321, 4.5.2).

    Where our host's name is folded, and so whether there is one, hangs on how long the addresses before it are.
    """
    return Sent(message_from_bytes(re.sub(rb"(?m)^\.\.", b".", raw), policy=SMTP))
