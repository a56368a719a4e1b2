"""Names that turn the direction of writing (U+202E), and whether they turn what stands beside them on a page."""

from __future__ import annotations

from html.parser import HTMLParser

from django.http import HttpResponseBase

from tests.worlds import World

TURN = "\u202e"
TURNED = f"{TURN}adA"
_VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "use", "wbr"}
# The name of the window is no part of the page; what is chosen from or typed into stands in a box of its own.
_APART = {"title", "option", "textarea", "script"}


def turn_names(world: World) -> None:
    """Give everybody in a world such a name, past every door, as it may have been stored before there was one."""
    for row, fields in (
        (world.contact, ("first_name", "company")),
        (world.workspace, ("name",)),
        (world.owner.user, ("name",)),
        (world.mailbox, ("display_name",)),
        (world.inbound, ("from_name", "subject")),
        (world.thread, ("name",)),
    ):
        type(row)._base_manager.filter(pk=row.pk).update(**dict.fromkeys(fields, TURNED))


def beside_turned(response: HttpResponseBase) -> list[str]:
    """Return what stands in one element with such a name and is no part of it: elements are isolated (base.css)."""
    if not response.get("Content-Type", "").startswith("text/html") or response.streaming:
        return []
    reader = _Reader()
    reader.feed(response.content.decode())  # type: ignore[attr-defined]  # it does not stream
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[tuple[str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self._open.append((tag, []))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            name, texts = self._open.pop()
            own = " ".join("".join(texts).split())
            if TURN in own and own != TURNED and name not in _APART:
                self.found.append(f"<{name}> {own}")
            if name == tag:
                break

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1][1].append(data)
