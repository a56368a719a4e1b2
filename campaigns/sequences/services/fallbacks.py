"""Put a fallback into every wording of a campaign at once."""

from __future__ import annotations

from contextlib import suppress

from django.db import transaction

from campaigns.sequences.errors import BadEdit
from campaigns.sequences.models import Campaign, Variant
from campaigns.sequences.services.holding import locked
from campaigns.sequences.services.variants import Text, save_variant
from campaigns.templating import TemplateProblem, with_fallback
from outreach.accounts.models import User


def give_fallback(campaign: Campaign, name: str, words: str, *, by: User | None = None) -> int:
    """Let `words` stand in wherever a wording would show the variable and a contact lacks it.

    Returns how many wordings were changed; one that the language does not have is left as it is. Raises BadEdit for
    words that no fallback can be.
    """
    try:
        with_fallback("", name, words)
    except TemplateProblem as problem:
        raise BadEdit("words", f"{problem.message} {problem.hint}") from problem
    changed = 0
    with transaction.atomic():
        locked(campaign.pk)
        rows = (
            Variant.objects.filter(step__campaign=campaign).select_related("step").order_by("step__position", "label")
        )
        for variant in rows:
            with suppress(TemplateProblem):
                changed += _give(variant, name, words, by)
    return changed


def _give(variant: Variant, name: str, words: str, by: User | None) -> bool:
    parts = [variant.subject, variant.body_text, variant.body_html]
    made = [with_fallback(part, name, words) for part in parts]
    if made == parts:
        return False
    save_variant(variant, Text(made[0], made[1], made[2], variant.weight), by=by)
    return True
