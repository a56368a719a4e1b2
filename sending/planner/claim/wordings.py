"""What a step says to a contact, or why it cannot be said: the claim and the preview ask the same function."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from campaigns.contacts.models import Contact
from campaigns.sequences.plans import PlannedStep, PlannedVariant
from campaigns.sequences.wording import SenderValues, Wording, word
from campaigns.templating import MissingValue, TemplateProblem
from sending.pacing import HoldCode
from sending.planner.lawful.footing import Reader, footed

_ADDRESS = "sender.postal_address"


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a contact cannot get a step as it stands; a person must mend the wording or the contact."""

    code: HoldCode
    words: str


def wording_of(
    step: PlannedStep, variant: PlannedVariant | None, contact: Contact, sender: SenderValues, reader: Reader
) -> Wording | Unfit:
    """Return the wording of the step for the contact, with what the law asks for below it.

    variant is None where the step has none: that holds everybody, since passing over it would skip them in silence.
    """
    if variant is None:
        return Unfit(HoldCode.BAD_TEMPLATE, f"Step {step.name} has no wording with a share above 0.")
    try:
        made = footed(word(step, variant, contact, sender), reader, sender.postal_address)
    except MissingValue as error:
        return Unfit(HoldCode.MISSING_VALUE, f"Step {step.name} uses {_lacking(error.names)}.")
    except TemplateProblem as error:
        words = f"Step {step.name} {variant.label}, line {error.line}: {error.message}"
        return Unfit(HoldCode.BAD_TEMPLATE, words)
    return Unfit(HoldCode.NO_POSTAL_ADDRESS, made.lacking) if made.lacking else made.wording


def _lacking(names: Collection[str]) -> str:
    """Say who lacks which of the values: whoever can mend it looks there."""
    theirs = [name for name in names if not name.startswith("sender.")]
    ours = [name for name in names if name.startswith("sender.") and name != _ADDRESS]
    address = [name for name in names if name == _ADDRESS]
    whose = (("this contact", theirs), ("its mailbox", ours), ("the workspace", address))
    return ", and ".join(f"{', '.join(sorted(some))}, which {who} lacks" for who, some in whose if some)
