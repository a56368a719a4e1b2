"""What a journal's word about an attempt changes in what the database believes: pure rules, every case named."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sending.outbox.states import DOUBTS, MessageState
from sending.smtp import Accepted, InDoubt, Outcome

_BEFORE_MARK = frozenset({MessageState.CLAIMED, MessageState.DEFERRED})


class Change(StrEnum):
    """What to do with a message that a journal tells of."""

    NOTHING = "nothing"  # the database knows as much, or more
    RECORD = "record"  # the answer was never written down: do what its worker would have done
    PROVE = "prove"  # the answer proves that an earlier copy arrived
    DOUBT = "doubt"  # the database has lost the mark: it is older than the journal
    MAKE = "make"  # the database has lost the whole message


@dataclass(frozen=True, slots=True)
class Standing:
    """A message in the database, beside one attempt of a journal.

    is_same: the attempt is its last one. is_known: the attempt has been written down. is_again: a person has had it
    sent again, who knew of the doubt about an earlier attempt.
    """

    state: MessageState
    is_same: bool
    is_known: bool
    is_again: bool


def change_for(standing: Standing | None, outcome: Outcome | None) -> Change:
    """Decide what an attempt that has left changes. outcome: None where no end of it was written.

    That it leaves is written into a journal after the database has committed its mark. So an attempt that the database
    neither knows nor believes to be leaving was lost by the database: an older copy was put back.
    """
    if standing is None:
        return Change.MAKE
    if standing.is_known:
        return Change.NOTHING
    state = standing.state
    if standing.is_same and state in {MessageState.DOT_PENDING, MessageState.IN_DOUBT}:
        is_news = outcome is not None and not (state is MessageState.IN_DOUBT and isinstance(outcome, InDoubt))
        return Change.RECORD if is_news else Change.NOTHING
    # Of what is sent again the first copy is known to have left; the second one's mark may be lost, too.
    if (state is MessageState.CLAIMED and standing.is_same) or (state in _BEFORE_MARK and not standing.is_again):
        return Change.DOUBT
    is_open = state in _BEFORE_MARK or state in DOUBTS
    return Change.PROVE if is_open and isinstance(outcome, Accepted) else Change.NOTHING
