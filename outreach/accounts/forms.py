"""Forms of accounts and workspaces."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm, SignupForm
from django import forms

from outreach.accounts.keys import SCOPE_WORDS, Scope
from outreach.accounts.programs import Wish
from outreach.accounts.roles import Role
from outreach.accounts.services import Founder
from outreach.kit import clock
from outreach.kit.naming import NameField
from outreach.kit.zones import UnknownZone, common_zones, zone_name

_ROLES = [(role.value, role.value.capitalize()) for role in Role]
_PASSWORD_HELP = "At least 10 characters. A few words that only you would put together are best."  # noqa: S105
_ADDRESS_HELP = "Law asks for it at the end of commercial mail. It can be added later, and is needed before a launch."


class ZoneField(forms.CharField):
    """A time zone by its IANA name, in any case; common ones are offered while typing."""

    def __init__(self, **options: Any) -> None:
        options = {
            "max_length": 64,
            "label": "Time zone",
            "initial": "UTC",
            "help_text": "Of the place you write from, as in Europe/Berlin.",
            **options,
        }
        super().__init__(**options)
        self.widget.attrs.update({"list": "time-zones", "autocomplete": "off", "spellcheck": "false"})

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        try:
            return zone_name(typed)
        except UnknownZone as error:
            raise forms.ValidationError(str(error)) from error


class WorkspaceForm(forms.Form):
    """A workspace's name and zone."""

    name = NameField(max_length=120, label="Name of the workspace", help_text="Your company or team.")
    time_zone = ZoneField()

    @property
    def zones(self) -> tuple[str, ...]:
        """What the time zone field offers."""
        return common_zones()


class NewWorkspaceForm(WorkspaceForm):
    """A workspace to be: its zone starts as the one of the browser."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _guess_zone(self)


class WorkspaceSettingsForm(WorkspaceForm):
    """What can be changed later."""

    postal_address = forms.CharField(
        max_length=300,
        required=False,
        label="Postal address",
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"}),
        help_text="Law asks for it in each commercial mail (CAN-SPAM, 15 USC 7704): put it into your signatures, or "
        "{{ sender.postal_address }} into the wordings.",
    )


class SignUpForm(SignupForm):  # type: ignore[misc]  # allauth carries no types
    """Sign-up of a person together with the workspace they will own."""

    name = NameField(max_length=120, required=False, label="Your name")
    workspace_name = NameField(max_length=120, label="Name of the workspace", help_text="Your company or team.")
    time_zone = ZoneField()
    postal_address = forms.CharField(
        max_length=300,
        required=False,
        label="Postal address",
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"}),
        help_text=_ADDRESS_HELP,
    )
    field_order = ("name", "email", "password1", "workspace_name", "time_zone", "postal_address")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self, {"email": "E-mail address", "password1": "Password"})
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        self.fields["workspace_name"].widget.attrs["autocomplete"] = "organization"
        self.fields["password1"].help_text = _PASSWORD_HELP
        _guess_zone(self)

    @property
    def zones(self) -> tuple[str, ...]:
        """What the time zone field offers."""
        return common_zones()

    def founder(self) -> Founder:
        """Return what was typed, for the service."""
        data = self.cleaned_data
        return Founder(
            email=data["email"],
            password=data["password1"],
            name=data["name"],
            workspace_name=data["workspace_name"],
            time_zone=data["time_zone"],
            postal_address=data["postal_address"],
        )


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth carries no types
    """Sign-in by address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self, {"login": "E-mail address", "password": "Password"})
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class PasswordForm(ChangePasswordForm):  # type: ignore[misc]  # allauth carries no types
    """Another password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(
            self, {"oldpassword": "Current password", "password1": "New password", "password2": "New password again"}
        )
        self.fields["password1"].help_text = _PASSWORD_HELP


class ProfileForm(forms.Form):
    """A person's own name."""

    name = NameField(
        max_length=120,
        required=False,
        label="Your name",
        help_text="Shown to the members of your workspaces.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class MemberForm(forms.Form):
    """Add an existing user to a workspace."""

    email = forms.EmailField(label="E-mail address", help_text="Of somebody who has an account on this server.")
    role = forms.ChoiceField(choices=_ROLES, initial=Role.MEMBER)


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(choices=_ROLES)


class KeyForm(forms.Form):
    """What an API key shall be able to do."""

    name = NameField(max_length=80, label="Name", help_text="What it is for, such as “CRM sync”.")
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=[(scope.value, words) for scope, words in SCOPE_WORDS.items()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick what it may do."},
    )
    role = forms.ChoiceField(
        label="Acts at most as", initial=Role.MEMBER, help_text="A viewer's key changes nothing, whatever is ticked."
    )
    days = forms.TypedChoiceField(
        label="Valid for",
        coerce=int,
        choices=[(30, "30 days"), (90, "90 days"), (365, "1 year"), (0, "Until it is revoked")],
        initial=90,
    )

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role.value, role.value.capitalize()) for role in roles]  # type: ignore[attr-defined]

    def wish(self) -> Wish:
        """Return what was chosen, for the service."""
        data = self.cleaned_data
        ends = clock.now() + timedelta(days=data["days"]) if data["days"] else None
        return Wish(data["name"], [Scope(one) for one in data["scopes"]], Role(data["role"]), ends)


def _guess_zone(form: forms.Form) -> None:
    """Let the browser fill in its own zone, unless somebody has typed one."""
    if not form.is_bound:
        form.fields["time_zone"].widget.attrs["data-behaviour"] = "time-zone"


def _plain(form: forms.Form, labels: dict[str, str]) -> None:
    """Label fields of allauth in our words; a placeholder that repeats the label is noise."""
    for name, label in labels.items():
        field = form.fields[name]
        field.label = label
        field.help_text = ""
        field.widget.attrs.pop("placeholder", None)
