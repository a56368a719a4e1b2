"""Put a template into a wording, and a wording into the library; which came from which is kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django.db import transaction

from campaigns.library.checking import TemplateEntry
from campaigns.library.core.origins import digest_of
from campaigns.library.core.places import Overfull, filled
from campaigns.library.errors import BadEntry
from campaigns.library.models import TEXT_LIMIT, StepTemplate, TemplateUse
from campaigns.library.services.entries import create_template
from campaigns.sequences.errors import BadEdit
from campaigns.sequences.models import Variant
from campaigns.sequences.services import Text, check_variant, cleaned, save_variant
from campaigns.sequences.states import StepThread, opens_thread
from outreach.accounts.access import Member
from outreach.kit import clock


def text_for(template: StepTemplate, variant: Variant, words: Mapping[str, str]) -> Text:
    """Return what the wording becomes with the template, the words in its places, cleaned as it will be kept.

    The share stays, and so does the subject where the step has none of its own, or the template none.
    Raises BadEntry where the words make it too long, or HTML that is not taken.
    """
    has_subject = opens_thread(variant.step.position, StepThread(variant.step.thread)) and template.subject
    one_line = {name: " ".join(value.split()) for name, value in words.items()}
    put = partial(filled, most=TEXT_LIMIT)
    try:
        text = Text(
            subject=put(template.subject, one_line) if has_subject else variant.subject,
            body_text=put(template.body_text, words),
            body_html=put(template.body_html, words, is_html=True),
            weight=variant.weight,
        )
        return cleaned(text)
    except Overfull as error:
        raise BadEntry([("", str(error))]) from error
    except BadEdit as error:
        raise BadEntry([("", error.cause)]) from error


def put_in(member: Member, template: StepTemplate, variant: Variant, text: Text, *, seen: str) -> None:
    """Set the wording to what the template has become. Raises IllegalMove, BadEdit, Overtaken as any save."""
    with transaction.atomic():
        save_variant(variant, text, seen=seen, by=member.user)
        note_use(member, template, variant, text)


def foresee(member: Member, template: StepTemplate, variant: Variant, text: Text, *, seen: str) -> None:
    """Keep that a wording of a launched campaign may become this, before a person is sure of it; nothing changes yet.

    Raises BadEdit for what cannot be sent, Overtaken, IllegalMove where nothing is changed any more.
    """
    check_variant(variant, text, seen=seen)
    note_use(member, template, variant, text)


def note_use(member: Member, template: StepTemplate, variant: Variant, text: Text) -> None:
    """Keep that this text, should it become the wording, came from the template."""
    TemplateUse.objects.update_or_create(
        template=template,
        variant=variant,
        digest=digest_of(text.body_text, text.body_html),
        defaults={"used_by": member.user, "used_at": clock.now()},
    )


def keep_wording(member: Member, variant: Variant, *, name: str, note: str) -> StepTemplate:
    """Keep a wording as a template, from which it then came. Raises BadEntry, NameTaken."""
    has_subject = opens_thread(variant.step.position, StepThread(variant.step.thread))
    entry = TemplateEntry(name, note, variant.subject if has_subject else "", variant.body_text, variant.body_html)
    with transaction.atomic():
        row = create_template(member, entry)
        note_use(member, row, variant, Text(variant.subject, variant.body_text, variant.body_html))
    return row
