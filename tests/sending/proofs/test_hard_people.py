"""Names that are hard on a mail: other directions, pictures, controls, what looks like a header or a template."""

from __future__ import annotations

from email import message_from_bytes
from email.headerregistry import Address
from email.policy import SMTP

import pytest

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Variant
from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import Mailbox
from sending.planner.preview.sampling import Whom, whom_to_show
from sending.proofs.exact import NoProof, exact
from tests.builders import make_audience, make_contact, make_list
from tests.sending.planner.pages import make_draft, page_of, signed_in
from tests.sending.planner.stage import make_team

pytestmark = pytest.mark.django_db

HEADERS = [
    "Date", "From", "To", "Subject", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version",
    "Content-Type", "Content-Transfer-Encoding",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("ليلى", "ليلى"),
        ("שרה Cohen", "שרה Cohen"),
        ("Zoë 👩‍💻🏽", "Zoë 👩‍💻🏽"),
        ("Æthelþryð ŋ̊", "Æthelþryð ŋ̊"),
        ("e\u0301va", "éva"),
        ("Ada\r\nBcc: all@example.com", "Ada Bcc: all@example.com"),
        ("Ada\x00\x07\x1b[31m", "Ada[31m"),
        ("\u202eadA\u2066", "adA"),
        ("Ada\u2028Bcc: x", "Ada Bcc: x"),
        ('Ada "the" <b>Best</b>, Ltd', 'Ada "the" <b>Best</b>, Ltd'),
        ("=?utf-8?b?QmNj?=", "=?utf-8?b?QmNj?="),
        ("名前" * 40, "名前" * 40),
    ],
    ids=ascii,
)
def test_hard_name_reads_right_and_adds_nothing_to_the_message(name: str, read: str) -> None:
    member = make_team()
    campaign = make_draft(member, people=0)
    contact = make_contact(member.workspace, "hard@example.com", first_name=name.replace("\x00", ""))
    contact.first_name = name  # the database keeps no NUL: what comes from elsewhere may
    told = exact(campaign, Variant.objects.get().pk, contact, Mailbox.objects.get(), now=database_now())
    mail = message_from_bytes(told.content, policy=SMTP)
    assert list(mail.keys()) == HEADERS
    assert mail["Subject"] == f"For {read}"
    (to,) = mail["To"].addresses
    assert isinstance(to, Address)
    assert to.addr_spec == "hard@example.com"
    text, _, below = mail.get_content().rpartition("If you would rather not hear from me: https://")
    assert " ".join(text.split()) == f"Good day, {read}. 1 Main Street, Springfield"
    assert below.startswith("go.example.net/u/")
    lines = told.content.split(b"\r\n")
    assert all(len(line) <= 998 and b"\n" not in line and b"\r" not in line for line in lines)


@pytest.mark.parametrize("name", ["{{ company }}", "}}", "{% if x %}"])
def test_name_that_looks_like_a_template_is_held_and_says_so(name: str) -> None:
    member = make_team()
    campaign = make_draft(member, people=0)
    contact = make_contact(member.workspace, "hard@example.com", first_name=name)
    with pytest.raises(NoProof, match="would still hold template marks"):
        exact(campaign, Variant.objects.get().pk, contact, Mailbox.objects.get(), now=database_now())


def test_the_preview_shows_hard_names_as_text_in_their_own_direction() -> None:
    member = make_team()
    campaign = make_draft(member, people=1)
    people = (make_contact(member.workspace, "a@example.com", first_name="<script>x</script> ليلى"),)
    make_audience(campaign, make_list(member.workspace, "Hard", people))
    found, _ = whom_to_show(campaign, Whom.SCRIPT, shown=0, draw=lambda least, _most: least)
    assert found == Contact.objects.get(email="a@example.com").pk
    page = page_of(signed_in(member).get(f"{member.url('planner:preview', campaign.pk)}?contact={found}"))
    assert "<script>x" not in page
    assert '<div class="mail-text" dir="auto">Good day, &lt;script&gt;x&lt;/script&gt; ليلى.' in page
