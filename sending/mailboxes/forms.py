"""Forms of the mailboxes' pages."""

from __future__ import annotations

from typing import Any

from django import forms

from sending.mailboxes.models import Mailbox
from sending.smtp import Security

SECURITY = (
    (Security.STARTTLS, "STARTTLS (port 587)"),
    (Security.TLS, "TLS (port 465, IMAP 993)"),
    (Security.PLAIN, "None, this machine only"),
)
# Above this a mailbox stands out, whatever its provider allows.
WARN_ABOVE = 50


class MailboxForm(forms.Form):
    """A mailbox's identity, servers and limits. An empty password keeps the stored one."""

    address = forms.EmailField(max_length=254, label="Address", help_text="Mail is sent from this address.")
    display_name = forms.CharField(max_length=120, required=False, label="Display name")
    reply_to = forms.EmailField(
        max_length=254, required=False, label="Reply-To", help_text="Empty: the address itself."
    )
    signature = forms.CharField(
        required=False, max_length=2000, label="Signature", widget=forms.Textarea(attrs={"rows": 4})
    )
    smtp_host = forms.CharField(max_length=255, label="SMTP host", help_text="For example smtp.example.com.")
    smtp_port = forms.IntegerField(min_value=1, max_value=65535, initial=587, label="Port")
    smtp_security = forms.ChoiceField(choices=SECURITY, initial=Security.STARTTLS, label="Security")
    smtp_username = forms.CharField(max_length=254, label="User name", help_text="Often the whole address.")
    smtp_password = forms.CharField(
        max_length=500,
        required=False,
        strip=False,
        label="Password",
        widget=forms.PasswordInput(render_value=False),
    )
    imap_host = forms.CharField(max_length=255, label="IMAP host", help_text="For example imap.example.com.")
    imap_port = forms.IntegerField(min_value=1, max_value=65535, initial=993, label="Port")
    imap_security = forms.ChoiceField(choices=SECURITY, initial=Security.TLS, label="Security")
    imap_username = forms.CharField(max_length=254, required=False, label="User name", help_text="Empty: as for SMTP.")
    imap_password = forms.CharField(
        max_length=500,
        required=False,
        strip=False,
        label="Password",
        help_text="Empty: as for SMTP.",
        widget=forms.PasswordInput(render_value=False),
    )
    ca_pem = forms.CharField(
        required=False,
        max_length=64_000,
        label="Own certificate authority",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="PEM, only for a server that no public authority vouches for.",
    )
    daily_limit = forms.IntegerField(min_value=1, max_value=2000, initial=30, label="Messages a day")
    hourly_limit = forms.IntegerField(min_value=1, max_value=500, initial=8, label="Messages an hour")
    gap_min_minutes = forms.FloatField(min_value=0.5, max_value=240, initial=6, label="Gap from (minutes)")
    gap_max_minutes = forms.FloatField(min_value=0.5, max_value=240, initial=12, label="Gap to (minutes)")
    ramp_on = forms.BooleanField(required=False, initial=True, label="Ramp up: begin low, grow with each sending day")
    ramp_start = forms.IntegerField(min_value=1, max_value=500, initial=5, label="First day")
    ramp_step = forms.IntegerField(min_value=0, max_value=100, initial=2, label="More each day")

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["smtp_password"].required = is_new
        if not is_new:
            self.fields["smtp_password"].help_text = "Empty: keep the stored one."

    def clean_ca_pem(self) -> str:
        pem: str = self.cleaned_data["ca_pem"].strip()
        if pem and not (pem.startswith("-----BEGIN CERTIFICATE-----") and pem.endswith("-----END CERTIFICATE-----")):
            raise forms.ValidationError("This is not a certificate in PEM form.")
        return pem

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("gap_min_minutes", 0) > cleaned.get("gap_max_minutes", 0):
            self.add_error("gap_max_minutes", "The longest gap cannot be shorter than the shortest.")
        if not cleaned.get("imap_username"):
            cleaned["imap_username"] = cleaned.get("smtp_username", "")
        return cleaned

    def columns(self) -> dict[str, Any]:
        """Return the mailbox's columns; passwords are not among them."""
        names = set(self.cleaned_data) - {
            "smtp_password",
            "imap_password",
            "gap_min_minutes",
            "gap_max_minutes",
        }
        values = {name: self.cleaned_data[name] for name in names}
        values["address"] = values["address"].lower()
        values["gap_min_s"] = round(self.cleaned_data["gap_min_minutes"] * 60)
        values["gap_max_s"] = round(self.cleaned_data["gap_max_minutes"] * 60)
        return values


def initial_of(mailbox: Mailbox) -> dict[str, Any]:
    """Return a stored mailbox as the form's values."""
    names = [name for name in MailboxForm.base_fields if hasattr(mailbox, name)]
    return {name: getattr(mailbox, name) for name in names} | {
        "gap_min_minutes": mailbox.gap_min_s / 60,
        "gap_max_minutes": mailbox.gap_max_s / 60,
    }
