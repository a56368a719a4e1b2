"""The domains that mailboxes send from: who sends for each, and whom the world would not believe."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from outreach.accounts.models import Workspace
from outreach.kit import statements
from sending.domains.watching import GRACE, Sends, watch
from sending.mailboxes.models import Mailbox
from sending.mailboxes.presets import Preset, by_server
from sending.pacing.receivers import is_free_mail

# Names that nobody can own (RFC 2606, 6761, 6762), as sandboxes have them: the DNS says nothing of them.
_NOBODYS = frozenset({"test", "example", "invalid", "localhost", "local", "internal"})
# A domain that has been broken for longer than the grace holds the cold mail of its mailboxes; the moment it is mended
# they are let go. Clocks that stand right already are not written.
_JUDGE = """
UPDATE mailboxes_clock k
   SET cold_hold_words = j.words, look_at = CASE WHEN j.words = '' THEN LEAST(k.look_at, now()) ELSE k.look_at END
  FROM (SELECT m.id,
               COALESCE((SELECT left(w.domain || ': ' || w.failing_words, 300)
                           FROM domains_watched w
                          WHERE w.workspace_id = m.workspace_id AND w.domain = lower(split_part(m.address, '@', 2))
                            AND w.failing_since < now() - make_interval(secs => %s::float8)), '') AS words
          FROM mailboxes_mailbox m
         WHERE %s::bigint IS NULL OR m.workspace_id = %s::bigint) j
 WHERE k.mailbox_id = j.id AND k.cold_hold_words <> j.words
"""


def watch_all() -> None:
    """Watch the domains of every workspace's mailboxes, and hold or let go whom what is known concerns."""
    for pk in Workspace.objects.values_list("pk", flat=True).order_by("pk").iterator():
        watch(pk, domains_of(Mailbox.objects.filter(workspace=pk).only("address", "smtp_host").order_by("pk")))
    hold_disbelieved()


def watch_workspace(workspace_id: int) -> None:
    """Do the same for one workspace, where a person looks at it."""
    watch(workspace_id, domains_of(Mailbox.objects.filter(workspace=workspace_id).order_by("pk")))
    hold_disbelieved(workspace_id)


def hold_disbelieved(workspace_id: int | None = None) -> None:
    """Hold the cold mail of mailboxes whose domain has been broken for too long, and let the others go."""
    statements.run(_JUDGE, [GRACE.total_seconds(), workspace_id, workspace_id])


def domains_of(mailboxes: Iterable[Mailbox]) -> Mapping[str, Sends]:
    """Return the domains that can be watched, with who sends for each, as the servers of the mailboxes tell.

    A provider's own domain is its own business, and so are names that nobody can own.
    """
    providers: dict[str, dict[str, Preset]] = defaultdict(dict)
    hosts: dict[str, set[str]] = defaultdict(set)
    for box in mailboxes:
        domain = box.address.rpartition("@")[2].lower()
        preset = by_server(box.smtp_host, box.address)
        if domain.rpartition(".")[2] in _NOBODYS or is_free_mail(domain) or (preset and domain in preset.domains):
            continue
        if preset is not None:
            providers[domain][preset.name] = preset
        else:
            hosts[domain].add(box.smtp_host.lower())
    return {
        domain: Sends(
            tuple((name, one.spf, one.dkim) for name, one in sorted(providers[domain].items())),
            tuple(sorted(hosts[domain])),
        )
        for domain in sorted({*providers, *hosts})
    }
