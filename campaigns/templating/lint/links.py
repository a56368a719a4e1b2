"""Links: how many, where they lead, and whether they say so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from campaigns.templating.lint.findings import Finding, Severity
from campaigns.templating.lint.lists import shorteners
from campaigns.templating.lint.page import Link, Page

_LINK = re.compile(r"\bhttps?://[^\s<>\"')]+|\bwww\.[^\s<>\"')]+", re.IGNORECASE)
_SHOWN = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:[\w.+-]+@)?((?:[\w-]+\.)+[a-z]{2,24})(?:[/:?#]\S*)?", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f.]*:[0-9a-f:.]*|0x[0-9a-f]+|\d{8,10}", re.IGNORECASE)


def links(body: str, page: Page) -> Iterator[Finding]:
    """Yield what is wrong with the links of both parts."""
    written = _LINK.findall(body)
    targets = [one.target for one in page.links if not one.target.lower().startswith(("mailto:", "tel:"))]
    count = max(len(written), len(targets))
    if count > 1:
        why = "Filters count links, and a first mail with several looks like a newsletter."
        yield Finding("links", Severity.WARN, f"The text has {count} links.", why, "Keep one at most.")
    yield from _of_targets([*written, *targets])
    mismatched = sorted({f"{one.text[:60]} leads to {_host(one.target)}" for one in page.links if _lies(one)})
    if mismatched:
        yield Finding(
            "link_mismatch",
            Severity.BLOCK,
            f"A link shows one address and leads to another: {'; '.join(mismatched[:3])}.",
            "That is how phishing looks, and filters refuse it.",
            "Let it lead where it says, or write words on it.",
        )


def _of_targets(targets: list[str]) -> Iterator[Finding]:
    hosts = {target: _host(target) for target in targets}
    short = sorted({host for host in hosts.values() if host.removeprefix("www.") in shorteners()})
    if short:
        why = "They hide where a link leads, so junk likes them and blocklists name them."
        what = f"A link goes over a shortener: {', '.join(short[:5])}."
        yield Finding("link_shortener", Severity.WARN, what, why, "Write the address itself.")
    numbers = sorted({host for host in hosts.values() if _ADDRESS.fullmatch(host)})
    if numbers:
        why = "Honest pages have names (SpamAssassin: NORMAL_HTTP_TO_IP)."
        what = f"A link leads to a bare number: {', '.join(numbers[:3])}."
        yield Finding("link_to_number", Severity.BLOCK, what, why, "Use the name of the site.")
    if any(target.lower().startswith("http:") for target in targets):
        why = "Browsers warn of pages without encryption, and what is read there can be changed on the way."
        yield Finding("http_link", Severity.WARN, "A link begins with http://.", why, "Use https://.")


def _lies(link: Link) -> bool:
    """Say whether the words on a link are an address of another host than it leads to."""
    shown = _SHOWN.fullmatch(link.text.strip().rstrip("."))
    target = _host(link.target)
    if shown is None or not target:
        return False
    seen, real = (host.lower().removeprefix("www.") for host in (shown[1], target))
    return seen != real and not seen.endswith(f".{real}") and not real.endswith(f".{seen}")


def _host(target: str) -> str:
    """Return the host of a link, of a mailto: that of the address; "" where there is none to be read."""
    if target.lower().startswith("mailto:"):
        return target[7:].partition("?")[0].rpartition("@")[2].lower()
    try:
        return urlsplit(target if "://" in target else f"//{target}").hostname or ""
    except ValueError:
        return ""
