"""The rules of the design system that a machine can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from outreach.env import ROOT
from outreach.kit.looks import tone_of
from tests.ui.urls import STATES

CSS = ROOT / "static" / "css"
STYLES = sorted(CSS.rglob("*.css"))
SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))
TEMPLATES = sorted([*(ROOT / "templates").rglob("*.html"), *(ROOT / "tests" / "ui" / "templates").glob("*.html")])
COMPONENTS = sorted((ROOT / "templates" / "ui").glob("*.html"))

_NAMED = "white|black|red|green|blue|gray|grey|orange|purple|pink|yellow|silver|navy|teal|maroon|olive|brown|gold"
_COLOUR = re.compile(
    r"#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|color|light-dark)\("
    rf"|(?<=[:,(\s])(?:{_NAMED})(?=[\s;,)])",
    re.IGNORECASE,
)
_INLINE = re.compile(r"<[a-z][^>]*?\s(?:style|on[a-z]+)\s*=", re.IGNORECASE | re.DOTALL)
_SCRIPT = re.compile(r"<script\b(?![^>]*\ssrc=)", re.IGNORECASE)


def inline_code_in(html: str) -> list[str]:
    """Return the tags that carry a style or an event handler; what Django's own tags say is none of theirs."""
    return _INLINE.findall(re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", " ", html, flags=re.DOTALL))


def colours_in(text: str) -> list[str]:
    """Return the colours that a style sheet or script writes itself; names of variables and classes are none."""
    plain = re.sub(r"/\*.*?\*/|//[^\n]*|--[\w-]+|\.[a-z][\w-]*|url\([^)]*\)|\"[^\"\n]*\"", " ", text, flags=re.DOTALL)
    return _COLOUR.findall(plain)


@pytest.mark.parametrize("text", ["a { color: #fff }", "a { color: oklch(50% 0 0) }", "a { border: 1px solid red; }"])
def test_the_search_for_colours_finds_them(text: str) -> None:
    assert colours_in(text)


@pytest.mark.parametrize("text", ["a { color: var(--red-ink) }", ".badge-red { gap: 0 }", "a { fill: currentcolor }"])
def test_the_search_for_colours_passes_tokens(text: str) -> None:
    assert not colours_in(text)


@pytest.mark.parametrize("path", [*STYLES, *SCRIPTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_colours_stand_in_the_tokens_only(path: Path) -> None:
    if path.name != "tokens.css":
        assert not colours_in(path.read_text())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_carries_a_style_or_a_script_of_its_own(path: Path) -> None:
    text = path.read_text()
    assert not inline_code_in(text)
    assert not _SCRIPT.findall(text)
    # Pages of the tracking host load nothing: their few lines stand in them, and their policy names the hash of these.
    assert "<style" not in text or path == ROOT / "templates/sending/tracking/host/base.html"


@pytest.mark.parametrize("html", ['<p style="x">', "<a class='b'\n onclick='c()'>"])
def test_the_search_for_inline_code_finds_it(html: str) -> None:
    assert inline_code_in(html)


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.name)
def test_a_component_begins_by_telling_its_parameters(path: Path) -> None:
    first = path.read_text().lstrip().splitlines()[0]
    assert first.startswith(("{#", "{% comment %}"))
    assert re.search("Parameters?:|Blocks:", first), first


def test_the_style_sheet_reads_every_file_once() -> None:
    read = re.findall(r'@import url\("([^"]+)"\) layer\(\w+\);', (CSS / "app.css").read_text())
    there = [str(path.relative_to(CSS)) for path in STYLES if path.name != "app.css"]
    assert sorted(read) == sorted(there)


def test_every_token_that_is_used_is_defined() -> None:
    text = "\n".join(path.read_text() for path in STYLES)
    used = set(re.findall(r"var\((--[\w-]+)", text))
    defined = set(re.findall(r"^\s*(--[\w-]+):", text, re.MULTILINE))
    assert used - defined == set()


def test_every_colour_has_a_light_and_a_dark_side() -> None:
    assert not [line for line in _token_lines() if "oklch(" in line and "light-dark(" not in line]


def test_every_tone_has_a_colour_of_each_kind_and_a_shape() -> None:
    tokens, badge = (CSS / "tokens.css").read_text(), (CSS / "components" / "badge.css").read_text()
    tones = {tone_of(state) for state in STATES}
    assert len(tones) == 10
    for tone in tones:
        assert all(f"--{tone}-{kind}:" in tokens for kind in ("ink", "fill", "soft"))
        assert f".badge-{tone} {{" in badge


def _token_lines() -> Iterator[str]:
    yield from (CSS / "tokens.css").read_text().splitlines()
