"""Forms of the planner's pages."""

from __future__ import annotations

from django import forms

_MOST = 100_000


def _limit(label: str) -> forms.IntegerField:
    return forms.IntegerField(required=False, min_value=1, max_value=_MOST, label=label)


class ThrottlesForm(forms.Form):
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

    def columns(self) -> dict[str, int | None]:
        """Return the valid form as columns."""
        return {name: self.cleaned_data[name] for name in self.fields}
