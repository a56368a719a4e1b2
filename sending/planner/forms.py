"""Forms of the planner's pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from campaigns.contacts.states import BASIS_LABELS, CAMPAIGN_BASES, LegalBasis
from campaigns.sequences.forms import EditForm
from sending.mailboxes.models import Mailbox
from sending.pacing.rotation import MOST_WEIGHT, Rotation
from sending.planner.lawful.grounds import LONGEST_WORDS
from sending.planner.services.senders import Senders

_MOST = 100_000


def _limit(label: str) -> forms.IntegerField:
    return forms.IntegerField(required=False, min_value=1, max_value=_MOST, label=label)


class ThrottlesForm(EditForm):
    """How much one company, domain and provider get; an empty field is no limit."""

    company_per_day = _limit("People of one company a day")
    domain_per_hour = _limit("Messages to one domain an hour")
    domain_per_day = _limit("Messages to one domain a day")
    google_per_hour = _limit("Google an hour")
    google_per_day = _limit("Google a day")
    microsoft_per_hour = _limit("Microsoft an hour")
    microsoft_per_day = _limit("Microsoft a day")
    yahoo_per_hour = _limit("Yahoo and AOL an hour")
    yahoo_per_day = _limit("Yahoo and AOL a day")
    other_per_hour = _limit("All others together an hour")
    other_per_day = _limit("All others together a day")
    catch_all_percent = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100,
        label="New contacts at domains that take any address, in percent of a day",
    )

    def columns(self) -> dict[str, int | None]:
        """Return the valid form as columns."""
        return {name: self.cleaned_data[name] for name in self.fields if name != "seen"}


class GroundForm(EditForm):
    """On what ground a campaign writes to its people."""

    basis = forms.ChoiceField(
        choices=[(one.value, BASIS_LABELS[one]) for one in CAMPAIGN_BASES], label="They may be written to, because"
    )
    words = forms.CharField(
        required=False,
        max_length=LONGEST_WORDS,
        label="How you know, and where it is recorded",
        help_text="For example: they asked for the price list at the fair of 3 March; forms in the folder Fair 2026.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("basis") not in {None, LegalBasis.UNSTATED} and not cleaned.get("words", "").strip():
            self.add_error("words", "Say in a sentence how you know it: who asks later needs an answer.")
        return cleaned


class SendersForm(EditForm):
    """The mailboxes of a campaign, each with its weight, and the rotation among them.

    What is not sent stays as it is, weights too where they do not decide; mailboxes that the workspace does not have
    are passed over.
    """

    def __init__(
        self,
        *args: Any,
        mailboxes: Sequence[Mailbox],
        weights: Mapping[int, int],
        rotation: Rotation,
        tags: Sequence[str] = (),
        is_frozen: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._known_tags = list(tags)
        self._known = [one.pk for one in mailboxes]
        choices = [(one.value, one.value) for one in Rotation]
        self.fields["rotation"] = forms.ChoiceField(choices=choices, required=False, label="Rotation")
        self.initial["rotation"] = rotation.value
        wanted = self.data.get("rotation") or rotation.value
        for one in mailboxes:
            self.fields[f"weight_{one.pk}"] = forms.IntegerField(
                required=False, min_value=1, max_value=MOST_WEIGHT, label=f"Weight of {one.address}",
                disabled=is_frozen or (self.is_bound and wanted != Rotation.WEIGHTED),
            )  # fmt: skip
            self.initial[f"weight_{one.pk}"] = weights.get(one.pk, 1)

    def mailbox_ids(self) -> list[int]:
        """Return the mailboxes that are ticked."""
        ticked = set(self.data.getlist("mailboxes"))  # type: ignore[attr-defined]  # a QueryDict
        return [pk for pk in self._known if str(pk) in ticked]

    def tags(self) -> list[str]:
        """Return the tags that are ticked."""
        ticked = set(self.data.getlist("tags"))  # type: ignore[attr-defined]  # a QueryDict
        return [tag for tag in self._known_tags if tag in ticked]

    def senders(self) -> Senders:
        """Return what the valid form asks for."""
        return Senders(self.mailbox_ids(), self.rotation(), self.weights(), self.tags())

    def rotation(self) -> Rotation | None:
        """Return the rotation of the valid form; None where it is to stay."""
        return Rotation(self.cleaned_data["rotation"]) if self.cleaned_data["rotation"] else None

    def weights(self) -> dict[int, int]:
        """Return the weights of the valid form by mailbox."""
        found = {pk: self.cleaned_data[f"weight_{pk}"] for pk in self._known}
        return {pk: weight for pk, weight in found.items() if weight is not None}
