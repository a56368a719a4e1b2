"""Which addresses of a file may have been there before: a Bloom filter of one hash, whatever the size of the file.

A dictionary of all addresses would take 200 MB for a million rows. This takes 16 MB, and is wrong for one row in 130 at
a million: whoever asks has the few suspects judged elsewhere (services.staging).
"""

from __future__ import annotations

_BITS = 27
_MASK = (1 << _BITS) - 1


class Seen:
    """Keys that went by. hash() is keyed anew for each process: no file can be made to collide."""

    def __init__(self) -> None:
        self._bits = bytearray(1 << (_BITS - 3))

    def add(self, key: str) -> bool:
        """Remember the key; False says for certain that it is new, True that it may have been there."""
        at = hash(key) & _MASK
        byte, bit = at >> 3, 1 << (at & 7)
        if self._bits[byte] & bit:
            return True
        self._bits[byte] |= bit
        return False
