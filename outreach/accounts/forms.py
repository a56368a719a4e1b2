"""Forms of accounts and workspaces."""

from __future__ import annotations

from zoneinfo import available_timezones

from allauth.account.forms import SignupForm
from django import forms

from outreach.accounts.roles import Role


def _zone(name: str) -> str:
    known = {zone.lower(): zone for zone in available_timezones()}
    found = known.get(name.strip().lower())
    if found is None:
        raise forms.ValidationError("This is not a time zone. Write it as in Europe/Berlin.")
    return found


class WorkspaceForm(forms.Form):
    """A workspace's name and zone."""

    name = forms.CharField(max_length=120, label="Name of the workspace", help_text="Your company or team.")
    time_zone = forms.CharField(
        max_length=64,
        label="Time zone",
        initial="UTC",
        help_text="For example Europe/Berlin or America/New_York.",
    )

    def clean_time_zone(self) -> str:
        return _zone(self.cleaned_data["time_zone"])


class WorkspaceSettingsForm(WorkspaceForm):
    """What can be changed later."""

    postal_address = forms.CharField(
        max_length=300,
        required=False,
        label="Postal address",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Commercial mail must name a valid postal address (CAN-SPAM 15 USC 7704).",
    )


class SignUpForm(SignupForm):  # type: ignore[misc]  # allauth carries no types
    """Sign-up of a person together with the workspace they will own."""

    workspace_name = forms.CharField(max_length=120, label="Name of the workspace", help_text="Your company or team.")
    time_zone = forms.CharField(max_length=64, label="Time zone", initial="UTC", help_text="For example Europe/Berlin.")

    def clean_time_zone(self) -> str:
        return _zone(self.cleaned_data["time_zone"])


class ProfileForm(forms.Form):
    """A person's own name."""

    name = forms.CharField(max_length=120, required=False, label="Your name")


class MemberForm(forms.Form):
    """Add an existing user to a workspace."""

    email = forms.EmailField(label="E-mail address", help_text="Of somebody who has an account on this server.")
    role = forms.ChoiceField(choices=[(role.value, role.value.capitalize()) for role in Role], initial=Role.MEMBER)


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(choices=[(role.value, role.value.capitalize()) for role in Role])
