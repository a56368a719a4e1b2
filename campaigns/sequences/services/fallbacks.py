"""Put a fallback into every wording of a campaign at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from campaigns.sequences.errors import BadEdit, Overtaken
from campaigns.sequences.models import Campaign, Variant
from campaigns.sequences.positions import step_name
from campaigns.sequences.seen import seen_variant
from campaigns.sequences.services.holding import locked
from campaigns.sequences.services.variants import Text, check_variant, save_variant
from campaigns.templating import TemplateProblem, bare_uses, with_fallback
from outreach.accounts.models import User


@dataclass(frozen=True, slots=True)
class Given:
    """A wording with the fallback: as it stands and as it would, and the fingerprint of the first."""

    variant: Variant
    text: Text
    seen: str


@dataclass(frozen=True, slots=True)
class Fallback:
    """What a fallback changes in which wordings, and why it stays out of others, each in words."""

    given: Sequence[Given]
    refused: Sequence[str]

    @property
    def seen(self) -> str:
        """Return one fingerprint of all that is changed."""
        return ",".join(f"{one.variant.pk}:{one.seen}" for one in self.given)


def fallback_for(campaign: Campaign, name: str, words: str) -> Fallback:
    """Return what `words` change as they stand in wherever a wording would show the variable and a contact lacks it.

    Writes nothing. Raises BadEdit for words that no fallback can be.
    """
    try:
        with_fallback("", name, words)
    except TemplateProblem as problem:
        raise BadEdit("words", f"{problem.message} {problem.hint}") from problem
    given: list[Given] = []
    refused: list[str] = []
    rows = Variant.objects.filter(step__campaign=campaign).select_related("step__campaign")
    for variant in rows.order_by("step__position", "label"):
        place = f"Step {step_name(variant.step.position)} {variant.label}"
        parts = [variant.subject, variant.body_text, variant.body_html]
        try:
            made = [with_fallback(part, name, words) for part in parts]
            if any(name in bare_uses(part) for part in made):
                refused.append(f"{place}: {name} is compared with a number there, so write a number.")
            if made == parts:
                continue
            text = Text(made[0], made[1], made[2], variant.weight)
            check_variant(variant, text)
        except TemplateProblem as problem:
            refused.append(f"{place}: {problem.message} {problem.hint}".strip())
        except BadEdit as error:
            refused.append(f"{place}: {error}")
        else:
            given.append(Given(variant, text, seen_variant(variant)))
    return Fallback(given, refused)


def give_fallback(
    campaign: Campaign, name: str, words: str, *, by: User | None = None, seen: str | None = None
) -> Fallback:
    """Let `words` stand in, and return what was changed. seen: the fingerprint of what the person was shown.

    Raises BadEdit, as fallback_for, Overtaken.
    """
    with transaction.atomic():
        locked(campaign.pk)
        found = fallback_for(campaign, name, words)
        if seen is not None and seen != found.seen:
            raise Overtaken("one of these wordings", seen=found.seen)
        for one in found.given:
            save_variant(one.variant, one.text, by=by)
    return found
