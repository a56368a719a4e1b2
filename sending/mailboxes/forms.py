"""Forms of the mailboxes' pages."""

from __future__ import annotations

import re
import ssl
from ipaddress import ip_address
from typing import Any

from django import forms
from django.http import QueryDict

from campaigns.contacts.core.tags import parse_tags
from campaigns.contacts.errors import BadContact
from outreach.kit.naming import NameField
from sending.imap import Protocol
from sending.imap.account import PORTS
from sending.mailboxes.models import Mailbox
from sending.mailboxes.oauth.providers import Provider, configured, provider_of
from sending.mailboxes.states import SignInKind
from sending.smtp import Security
from sending.smtp.server import tls_context

_NONE = (Security.PLAIN, "None (only in private networks that are opened)")
SMTP_SECURITY = ((Security.STARTTLS, "STARTTLS (port 587)"), (Security.TLS, "TLS (port 465)"), _NONE)
READING = ((Protocol.IMAP, "IMAP"), (Protocol.POP3, "POP3"))
READING_SECURITY = (
    (Security.TLS, "TLS (port 993, POP3 995)"), (Security.STARTTLS, "STARTTLS (port 143, POP3 110)"), _NONE,
)  # fmt: skip
# Faster than this no person writes, whatever the mailbox allows.
SHORTEST_GAP_MINUTES = 2
_NOT_A_HOST = re.compile(r"[\s/@:]")
# A browser would fill in the password of the person who sits before it, and so replace the stored one. What was typed
# stays where it is while the servers around it are filled in.
_SECRET = {"autocomplete": "new-password", "hx-preserve": "true"}
_CHECKBOXES = frozenset({"ramp_on"})


def host_alone(value: str) -> None:
    """Refuse what is more than a host name. Raises ValidationError."""
    if not _NOT_A_HOST.search(value):
        return
    try:
        ip_address(value)
    except ValueError as error:
        words = "Write the name of the server alone, such as mail.example.com; the port has a field of its own."
        raise forms.ValidationError(words) from error


class MailboxForm(forms.Form):
    """A mailbox's identity, servers and limits. For a stored mailbox an empty password keeps the stored one."""

    address = forms.EmailField(
        max_length=254, label="Address", help_text="Mail is sent from this address. Its provider is looked up by it."
    )
    display_name = NameField(max_length=120, required=False, label="Display name")
    reply_to = forms.EmailField(
        max_length=254, required=False, label="Reply-To", help_text="Empty: the address itself."
    )
    signature = forms.CharField(
        required=False,
        max_length=2000,
        label="Signature",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Stands under each message. Law asks for your postal address in it.",
    )
    tags = forms.CharField(
        required=False,
        max_length=450,
        label="Tags",
        help_text="With commas, for example: sales, berlin. A campaign can choose its senders by them.",
    )
    sign_in = forms.ChoiceField(
        required=False,
        label="Sign in with",
        choices=[(SignInKind.PASSWORD, "A password")],
        initial=SignInKind.PASSWORD,
        help_text="With a provider no password is kept here: you sign in at the provider after saving.",
    )
    smtp_host = forms.CharField(
        max_length=255, label="SMTP host", help_text="For example smtp.example.com.", validators=[host_alone]
    )
    smtp_port = forms.IntegerField(min_value=1, max_value=65535, initial=587, label="Port")
    smtp_security = forms.ChoiceField(choices=SMTP_SECURITY, initial=Security.STARTTLS, label="Security")
    smtp_username = forms.CharField(max_length=254, label="User name", help_text="Often the whole address.")
    smtp_password = forms.CharField(
        max_length=500,
        required=False,
        strip=False,
        label="Password",
        widget=forms.PasswordInput(attrs=_SECRET, render_value=False),
    )
    reading = forms.ChoiceField(
        required=False,
        label="Protocol",
        choices=READING,
        initial=Protocol.IMAP,
        help_text="POP3 shows only the inbox; mail is never deleted.",
    )
    imap_host = forms.CharField(
        max_length=255, label="Host", help_text="For example imap.example.com.", validators=[host_alone]
    )
    imap_port = forms.IntegerField(min_value=1, max_value=65535, initial=993, label="Port")
    imap_security = forms.ChoiceField(choices=READING_SECURITY, initial=Security.TLS, label="Security")
    imap_username = forms.CharField(max_length=254, required=False, label="User name", help_text="Empty: as for SMTP.")
    imap_password = forms.CharField(
        max_length=500,
        required=False,
        strip=False,
        label="Password",
        help_text="Empty: as for SMTP.",
        widget=forms.PasswordInput(attrs=_SECRET, render_value=False),
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
    gap_min_minutes = forms.FloatField(
        min_value=SHORTEST_GAP_MINUTES, max_value=240, initial=6, label="Gap from (minutes)"
    )
    gap_max_minutes = forms.FloatField(
        min_value=SHORTEST_GAP_MINUTES, max_value=240, initial=12, label="Gap to (minutes)"
    )
    ramp_on = forms.BooleanField(required=False, initial=True, label="Ramp up: begin low, grow with each sending day")
    ramp_start = forms.IntegerField(min_value=1, max_value=500, initial=5, label="First day")
    ramp_step = forms.IntegerField(min_value=0, max_value=100, initial=2, label="More each day")

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        mailbox: Mailbox | None = None,
        values: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=values or (initial_of(mailbox) if mailbox else None))
        self._mailbox = mailbox
        self._offer_providers()
        if mailbox and mailbox.sign_in == SignInKind.PASSWORD:
            self.fields["smtp_password"].help_text = "Empty: keep the stored one."
            self.fields["imap_password"].help_text = "Empty: keep the stored one, or as for SMTP if both were the same."

    def _offer_providers(self) -> None:
        field = self.fields["sign_in"]
        assert isinstance(field, forms.ChoiceField)
        known = {provider.id: provider.name for provider in configured()}
        used = provider_of(self._mailbox.sign_in) if self._mailbox else None
        if used is not None:  # also where the instance has been set up otherwise since
            known.setdefault(used.id, used.name)
        field.choices = [(SignInKind.PASSWORD, "A password"), *known.items()]
        if not known:
            field.widget = forms.HiddenInput()

    def clean_sign_in(self) -> str:
        return self.cleaned_data["sign_in"] or (self._mailbox.sign_in if self._mailbox else SignInKind.PASSWORD)

    def clean_reading(self) -> str:
        return self.cleaned_data["reading"] or (self._mailbox.reading if self._mailbox else Protocol.IMAP)

    def clean_tags(self) -> list[str]:
        try:
            return list(parse_tags(self.cleaned_data["tags"]))
        except BadContact as error:
            raise forms.ValidationError(error.cause) from error

    def clean_ca_pem(self) -> str:
        pem: str = self.cleaned_data["ca_pem"].strip()
        if pem:
            try:
                tls_context(pem)
            except (ssl.SSLError, ValueError) as error:
                words = (
                    "This is not a certificate in PEM form. Paste the whole text, from -----BEGIN CERTIFICATE----- "
                    "to -----END CERTIFICATE-----."
                )
                raise forms.ValidationError(words) from error
        return pem

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        shortest, longest = cleaned.get("gap_min_minutes"), cleaned.get("gap_max_minutes")
        if shortest is not None and longest is not None and shortest > longest:
            self.add_error("gap_max_minutes", "The longest gap cannot be shorter than the shortest.")
        self._require_port_of_protocol(cleaned)
        provider = provider_of(cleaned.get("sign_in", SignInKind.PASSWORD))
        for protocol in ("smtp", "imap"):
            if provider is None:
                self._require_password_for_new_host(protocol, cleaned)
            else:
                self._require_server_of(provider, protocol, cleaned)
        if provider is None and not cleaned.get("smtp_password") and self._needs_password:
            self.add_error("smtp_password", "This field is required.")
        if not cleaned.get("imap_username"):
            cleaned["imap_username"] = cleaned.get("smtp_username", "")
        return cleaned

    def _require_password_for_new_host(self, protocol: str, cleaned: dict[str, Any]) -> None:
        """Let no stored password go to another server than the one it was given for."""
        new = cleaned.get(f"{protocol}_host")
        if self._mailbox is None or self._needs_password or not new or cleaned.get(f"{protocol}_password"):
            return
        old: str = getattr(self._mailbox, f"{protocol}_host")
        if new.lower() != old.lower():
            words = f"The stored password was given for {old}. Type it again, so that {new} may get it."
            self.add_error(f"{protocol}_password", words)

    def _require_port_of_protocol(self, cleaned: dict[str, Any]) -> None:
        """Tell at once what would only be told by a server of the other protocol."""
        port = cleaned.get("imap_port")
        for protocol, ports in PORTS.items():
            if port in ports and protocol != cleaned.get("reading"):
                (known,) = (sorted(found, reverse=True) for other, found in PORTS.items() if other != protocol)
                words = f"{port} is the port of {protocol.upper()}; choose that, or one of {known[0]} and {known[1]}."
                self.add_error("imap_port", words)

    @property
    def _needs_password(self) -> bool:
        return self._mailbox is None or self._mailbox.sign_in != SignInKind.PASSWORD

    def _require_server_of(self, provider: Provider, protocol: str, cleaned: dict[str, Any]) -> None:
        """Let a provider's tokens go to its own servers only, and never in clear; no password is kept beside them."""
        cleaned[f"{protocol}_password"] = ""
        host = cleaned.get(f"{protocol}_host")
        if host and not provider.owns(host):
            known = ", ".join(sorted(provider.hosts))
            words = f"{host} is no mail server of {provider.name}; its sign-in works with these: {known}."
            self.add_error(f"{protocol}_host", words)
        if cleaned.get(f"{protocol}_security") == Security.PLAIN:
            self.add_error(f"{protocol}_security", f"{provider.name} is only reached with TLS or STARTTLS.")

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
        "tags": ", ".join(mailbox.tags),
        "gap_min_minutes": mailbox.gap_min_s / 60,
        "gap_max_minutes": mailbox.gap_max_s / 60,
    }


def as_typed(data: QueryDict) -> dict[str, Any]:
    """Return what a person has typed so far, right or wrong, to show it again; without the passwords."""
    return {
        name: name in data if name in _CHECKBOXES else data.get(name, "") or _first_choice(field)
        for name, field in MailboxForm.base_fields.items()
        if not isinstance(field.widget, forms.PasswordInput)
    }


def _first_choice(field: forms.Field) -> str:
    """Return what a list of choices shows where nothing was chosen; other fields stay as empty as they were left."""
    return str(field.initial) if isinstance(field, forms.ChoiceField) else ""
