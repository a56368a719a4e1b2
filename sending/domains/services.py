"""Make, check and remove signing keys."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from outreach.accounts.access import Member
from outreach.kit import clock
from outreach.kit.addresses import parse_domain
from sending.domains import keys
from sending.domains.keys import KeyLost
from sending.domains.lookup import Answer, look_up
from sending.domains.models import ONE_KEY, DomainKey
from sending.domains.states import KeyState
from sending.smtp.dkim import SigningKey, make_private_key

log = logging.getLogger(__name__)

# A record that is waited for is looked for often, one that stands is seldom taken away.
_SOON = timedelta(minutes=10)
_DAILY = timedelta(hours=24)
_AT_ONCE = 100


class AlreadySigned(Exception):
    """The workspace has a key for this domain already."""


def make_key(member: Member, text: str) -> DomainKey:
    """Make a key for a domain; it signs nothing until its record is found. Raises BadAddress, AlreadySigned."""
    domain = parse_domain(text)
    # Never that of another key: a name in the DNS holds one (RFC 6376 section 3.6.2.2), and the domain may have one of
    # another workspace, or one that was removed and still verifies what is under way.
    selector = f"outreach{clock.now():%Y%m}{secrets.token_hex(2)}"
    key = SigningKey(domain, selector, make_private_key())
    row = DomainKey(workspace=member.workspace, domain=domain, selector=selector, created_by=member.user)
    row.private_key = keys.sealed(member.workspace.pk, key)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        if ONE_KEY not in str(error):
            raise
        raise AlreadySigned(f"There is a key for {domain} already.") from error
    log.info("domains.key_made workspace=%s domain=%s", member.workspace.pk, domain)
    return row


def check_key(row: DomainKey) -> Answer:
    """Ask the DNS for the key's record and let that decide whether it signs. The network is asked outside of rows."""
    try:
        key = keys.opened(row)
    except KeyLost as error:
        answer = Answer(is_there=None, words=str(error))
    else:
        answer = look_up(key)
    was_there = row.state != KeyState.UNPUBLISHED
    state = {
        True: KeyState.SIGNING,
        False: KeyState.MISSING if was_there else KeyState.UNPUBLISHED,
        None: KeyState(row.state),
    }[answer.is_there]
    # Only as long as it is the same key: it may have been removed and made anew meanwhile.
    changed = DomainKey.objects.filter(pk=row.pk, selector=row.selector, state=row.state)
    changed.update(state=state, checked_at=Now(), found=answer.words[:300])
    if state != row.state:
        log.info("domains.key_%s workspace=%s domain=%s", state, row.workspace_id, row.domain)
    return answer


def check_due() -> int:
    """Look at the keys whose time has come. Returns how many; safe to run any number of times at once."""
    due = DomainKey.objects.filter(
        Q(checked_at__isnull=True)
        | Q(checked_at__lt=Now() - _DAILY)
        | ~Q(state=KeyState.SIGNING) & Q(checked_at__lt=Now() - _SOON)
    )
    rows = list(due.order_by(F("checked_at").asc(nulls_first=True))[:_AT_ONCE])
    for row in rows:
        check_key(row)
    return len(rows)


def remove_key(member: Member, row: DomainKey) -> None:
    """Sign nothing more for the domain. What has left stays verifiable as long as the record stays in the DNS."""
    DomainKey.objects.filter(pk=row.pk, workspace=member.workspace).delete()
    log.info("domains.key_removed workspace=%s domain=%s", member.workspace.pk, row.domain)
