"""Places that a text leaves to whoever uses it, written [[what belongs there]]: no message may go out with one."""

from __future__ import annotations

import re

PLACE = re.compile(r"\[\[([^\[\]\n]{1,80})\]\]")
