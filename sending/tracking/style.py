"""The look of the pages of the tracking host: a few lines inside them, since nothing else is loaded from there."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

# The colours are those of the reader's system, light or dark, said once, so that contrasts can be reckoned.
STYLE = (
    ":root{color-scheme:light dark;background:Canvas;color:CanvasText}"
    "body{font:1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:0 auto;padding:2rem 1rem}"
    "h1{font-size:1.4rem;line-height:1.3}button{font:inherit;padding:.6rem 1rem;min-height:2.75rem}"
    "form{margin:1rem 0}dt{font-weight:600}dd{margin:0 0 .8rem}"
)
STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
