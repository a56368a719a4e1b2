"""Positions of steps: the main path has 1 to 99, and each further path a block of a hundred (101, 102 ... of path 1).

A branch leads to a path with a higher number only, so that a person's position grows with each step they get: see
docs/decisions/branches.md.
"""

from __future__ import annotations

_BLOCK = 100
MAIN = 0  # the number of the main path
MOST_PATHS = 20  # beside it


def path_of(position: int) -> int:
    """Return the number of the path that a position lies in; MAIN for the main path."""
    return position // _BLOCK


def position_in(path: int, place: int) -> int:
    """Return the position of the step at a place (from 1) of a path."""
    return path * _BLOCK + place


def place_in(position: int) -> int:
    """Return the place of a position in its path, from 1."""
    return position % _BLOCK


def block_of(path: int) -> tuple[int, int]:
    """Return the first and the last position of a path, both included."""
    return position_in(path, 1), position_in(path, _BLOCK - 1)


def step_name(position: int) -> str:
    """Return how a step is called: "3", or "2.1" for the first of path 2."""
    path = path_of(position)
    return f"{path}.{place_in(position)}" if path else str(position)
