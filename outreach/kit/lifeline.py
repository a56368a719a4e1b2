"""Let the kernel end a process when the one that started it is gone: a killed program leaves no orphans."""

from __future__ import annotations

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1
# Loaded at import: between fork and exec no import and no lock is safe.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def end_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to send `number` to this process when its parent dies (Linux; elsewhere: no effect).

    A change of user clears the request; exec of an ordinary program keeps it.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(number))
