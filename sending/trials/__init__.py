"""Wordings held against each other, soundly: who looks every hour is not fooled more often than who looks once.

Pure. Two wordings get their people by drawn shares (see campaigns/sequences/dealing.py). If they are equally good, each
good answer belongs to one of them as often as its share says, whatever the rate, and however late answers come. So only
the good answers are counted, each as one draw, and what they say is judged by evidence that may be looked at all the
time (see evidence.py). See docs/decisions/comparing-wordings.md.
"""

from sending.trials.evidence import Comparison, compare, misfit
from sending.trials.power import smallest_ratio
from sending.trials.verdicts import FEWEST, Verdict, verdict_of

__all__ = ["FEWEST", "Comparison", "Verdict", "compare", "misfit", "smallest_ratio", "verdict_of"]
