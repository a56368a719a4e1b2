"""How much there is to read and to load: lengths, pictures, markup, and whether both parts say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from campaigns.templating.lint.findings import Finding, Severity
from campaigns.templating.lint.page import Page

LONG_SUBJECT = 70
LONG_BODY = 200
HEAVY_BYTES = 100_000  # Gmail shows 102 KB of a message and hides the rest behind a link
LARGE_BYTES = 30_000
WORDS_FOR_AN_IMAGE = 60
ALIKE = 0.5  # share of the words of one part that the other should have, too
_IMAGE = re.compile(r"<img\b|!\[[^\]\n]{0,200}\]\(", re.IGNORECASE)
_DATA = re.compile(r"\bdata:image/", re.IGNORECASE)
_WORD = re.compile(r"\w{2,}")
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])", re.IGNORECASE
)
_OFFICE = re.compile(r"<o:p\b|\bmso-|<!--\[if\b|class=[\"']?Mso", re.IGNORECASE)


def weight(subject: str, body: str, html: str, page: Page) -> Iterator[Finding]:
    """Yield what is too long, too heavy, or not the same in both parts."""
    if len(subject) > LONG_SUBJECT:
        what = f"The subject has {len(subject)} characters."
        why = "Telephones show about 40 of them."
        yield Finding("long_subject", Severity.NOTE, what, why, f"Keep it under {LONG_SUBJECT}.")
    if (words := len(body.split())) > LONG_BODY:
        why = "Cold mails are read when they take less than a minute."
        yield Finding("long_body", Severity.NOTE, f"The text has {words} words.", why, "Aim for 50 to 120.")
    yield from _images(body, html, page)
    if html.strip():
        yield from _markup(body, html, page)


def _images(body: str, html: str, page: Page) -> Iterator[Finding]:
    if _DATA.search(f"{body}{html}"):
        why = "Gmail and Outlook do not show pictures that stand in the message itself: the reader sees a broken one."
        fix = "Leave it out, or put it on your own site."
        yield Finding("data_image", Severity.BLOCK, "A picture stands in the text as data.", why, fix)
    elif page.images or _IMAGE.search(body):
        why = "Images weigh on the score of a first mail, and many programs hide them."
        yield Finding("image", Severity.WARN, "The text holds an image.", why, "Say it in words.")
    words = len(page.text.split())
    if page.images and words < WORDS_FOR_AN_IMAGE * len(page.images):
        what = f"There are {words} words for {len(page.images)} images."
        why = "Mostly pictures is how junk hides its words (SpamAssassin: HTML_IMAGE_ONLY)."
        yield Finding(
            "image_ratio", Severity.WARN, what, why, f"Write {WORDS_FOR_AN_IMAGE} words for each image, or none."
        )
    if any(not one.alt for one in page.images):
        why = "Who does not see the picture, by choice or by eyes, gets nothing."
        yield Finding(
            "image_alt", Severity.NOTE, "An image has no words that stand for it.", why, "Give it an alt text."
        )


def _markup(body: str, html: str, page: Page) -> Iterator[Finding]:
    if not body.strip():
        why = "Filters take that for a machine's, and some readers see nothing (SpamAssassin: MIME_HTML_ONLY)."
        yield Finding("no_text_part", Severity.BLOCK, "There is HTML and no plain text.", why, "Write the text, too.")
    elif _differ(body, page.text):
        why = "Two parts that say different things are a trick of junk (SpamAssassin: MPART_ALT_DIFF)."
        fix = "Let the text part say what the HTML says."
        yield Finding("parts_differ", Severity.WARN, "The plain text and the HTML say different things.", why, fix)
    size = len(html.encode("utf-8", "replace"))
    if size > HEAVY_BYTES:
        what = f"The HTML has {size:,} bytes."
        yield Finding(
            "heavy_html", Severity.BLOCK, what, "Gmail hides what stands behind 102 KB.", "Leave out what nobody reads."
        )
    elif size > LARGE_BYTES:
        why = "A letter that loads slowly is not read, and much markup for few words looks like a newsletter."
        yield Finding("large_html", Severity.NOTE, f"The HTML has {size:,} bytes.", why, "Keep it light.")
    if _HIDDEN.search(html):
        why = "Words that nobody sees are there to mislead a filter, and filters look for them."
        yield Finding("hidden_text", Severity.BLOCK, "The HTML hides a part of itself.", why, "Take it out.")
    if _OFFICE.search(html):
        why = "It is many times as heavy as what you wrote, and looks different in each program."
        fix = "Paste without formatting (Ctrl+Shift+V)."
        yield Finding("office_markup", Severity.WARN, "The HTML holds what Word has left in it.", why, fix)


def _differ(body: str, page: str) -> bool:
    text, html = (set(_WORD.findall(one.lower())) for one in (body, page))
    smaller = min(text, html, key=len)
    return len(smaller) >= 5 and len(text & html) < ALIKE * max(len(text), len(html))
