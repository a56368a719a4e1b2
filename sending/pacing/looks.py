"""How many people are looked at for the places that a mailbox has, round by round. Pure."""

from __future__ import annotations

# Rounds of one look: each holds or drops who cannot go now and looks at those behind them, at more in each round. Where
# nobody is held, nobody is looked at in vain. A place is given to those who do not come first only when nobody is found
# any more who does, or in the last round.
SPARES = (1, 4, 32, 512)

# More than this is never looked at for one mailbox or campaign at once, unless it may be sent.
_MOST = 1_000


def looked_at(places: int, spare: int) -> int:
    """Return how many are looked at for `places`, `spare` for each."""
    return max(places, min(places * spare, _MOST))
