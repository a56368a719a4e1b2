"""Say what unknown words mean: looked at against the past first, then kept, then used for what comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from campaigns.sequences.states import ReplyClass
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock, gate
from sending.bounces import Category, Evidence, Kind, Mail, Verdict, parse_mail
from sending.inbox.arrivals import Arrival
from sending.inbox.guessing import Guess
from sending.inbox.matching import Match, MatchedBy
from sending.inbox.models import InboundMessage, WordRule, first_bytes
from sending.inbox.outcomes import act
from sending.inbox.threads.placing import say
from sending.inbox.understanding import understand
from sending.inbox.unknowns.attempts import apply, unknown_attempts, would
from sending.inbox.unknowns.core import LAYER, About, BadRule, Rule, clean, first, grouped, met, shape, told
from sending.outbox.models import Attempt

MOST = 300  # unknown mails that are looked through, newest first
_HEAD = 64_000  # bytes of each: what a rule is looked for in stands at its beginning
_AT_ONCE = 20  # heads that are held at once
_ONCE = "inbox_word_rule_once"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Mails, or answers of servers, of one shape that no rule knows. words: of the newest, as rules look for them."""

    about: About
    shape: str
    words: str
    newest: InboundMessage | Attempt
    count: int

    @property
    def is_mail(self) -> bool:
        """A mail tells it, else a server did while a message was handed over."""
        return isinstance(self.newest, InboundMessage)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would change in the past: the mails, and what would follow from each."""

    words: str
    means: str
    changes: Sequence[tuple[InboundMessage, str]]
    answers: Sequence[tuple[Attempt, str]]
    looked_through: int


def unknown_rows(workspace_id: int, about: About) -> QuerySet[InboundMessage]:
    """Return the mails that no rule knows, newest first."""
    rows = InboundMessage.objects.filter(workspace=workspace_id).order_by("-received_at", "-id")
    if about is About.BOUNCE:
        return rows.filter(kind=Kind.BOUNCE, category=Category.UNKNOWN)
    return rows.filter(kind=Kind.HUMAN_REPLY, guess="", label="")


def unknowns(member: Member, about: About) -> list[Unknown]:
    """Return the unknown mails of the workspace by their shape, the commonest first."""
    place = member.workspace.pk
    found = [*_by_shape(about, list(_read(place, about))), *_by_shape(about, _answers(place, about))]
    return sorted(found, key=lambda one: -one.count)


def _by_shape(about: About, found: Sequence[tuple[InboundMessage | Attempt, str]]) -> list[Unknown]:
    """Return what is of one shape as one, the newest first of each."""
    shapes = [(shape(words), place) for place, (_, words) in enumerate(found)]
    return [
        Unknown(about, one, found[places[0]][1].strip()[:600], found[places[0]][0], len(places))
        for one, places in grouped(shapes)
    ]


def _answers(workspace_id: int, about: About) -> list[tuple[Attempt, str]]:
    return list(unknown_attempts(workspace_id)) if about is About.BOUNCE else []


def preview(member: Member, about: About, typed: str, means: str) -> Preview:
    """Return what a rule would change, without changing anything. Raises BadRule."""
    words = clean(typed, means, about)
    rule = Rule(0, about, words, means)
    looked, changes = 0, []
    for row, said in _read(member.workspace.pk, about):
        looked += 1
        if met(rule, said):
            changes.append((row, _would(row, about, means)))
    answers = _answers(member.workspace.pk, about)
    told_by_servers = [(row, would(row, means)) for row, said in answers if met(rule, said)]
    return Preview(words, means, changes, told_by_servers, looked + len(answers))


def save(member: Member, about: About, typed: str, means: str) -> WordRule:
    """Keep a rule, and let the mails of the past that it knows be what it says, with what follows from that.

    Raises BadRule, also where the same words have a rule already.
    """
    member.require(Role.MEMBER)
    words = clean(typed, means, about)
    rule = Rule(0, about, words, means)
    hits = {row.pk: hit for row, said in _read(member.workspace.pk, about) if (hit := met(rule, said))}
    answers = [row for row, said in _answers(member.workspace.pk, about) if met(rule, said)]
    try:
        with transaction.atomic():
            gate.hold_shut(member.workspace.pk)
            kept = WordRule.objects.create(
                workspace=member.workspace, about=about, words=words, means=means, made_by=member.user
            )
            rule = replace(rule, pk=kept.pk)
            # What has become known meanwhile, or is being labelled, is left as it is.
            for row in _with_what_follows(unknown_rows(member.workspace.pk, about).filter(pk__in=hits)):
                _apply(row, rule, hits[row.pk])
                kept.changed += 1
            kept.changed += sum(apply(row, rule) for row in answers)
            kept.save(update_fields=["changed"])
    except IntegrityError as error:
        if _ONCE not in str(error):
            raise
        raise BadRule("There is a rule for these words already: end it first.") from error
    return kept


def end(member: Member, pk: int) -> bool:
    """End a rule: what comes is not looked at with it any more; what it has said stays, with its number."""
    member.require(Role.MEMBER)
    rows = WordRule.objects.filter(workspace=member.workspace, pk=pk, ended_at__isnull=True)
    return bool(rows.update(ended_at=clock.now(), ended_by=member.user))


def rules_of(workspace_id: int, about: About) -> list[Rule]:
    """Return the rules of a workspace that are in use."""
    rows = WordRule.objects.filter(workspace=workspace_id, about=about, ended_at__isnull=True)
    return [Rule(row.pk, about, row.words, row.means) for row in rows]


def known_bounce(workspace_id: int, mail: Mail, verdict: Verdict) -> Verdict:
    """Return the verdict, of which a rule of the workspace may know the category where no other does."""
    if verdict.kind is not Kind.BOUNCE or verdict.category is not Category.UNKNOWN:
        return verdict
    rules = rules_of(workspace_id, About.BOUNCE)
    found = first(rules, told(mail, About.BOUNCE)) if rules else None
    if found is None:
        return verdict
    rule, hit = found
    evidence = (*verdict.evidence, Evidence(LAYER, f"rule-{rule.pk}", hit))
    return replace(verdict, category=Category(rule.means), evidence=evidence)


def known_answer(workspace_id: int, mail: Mail, verdict: Verdict) -> Guess | None:
    """Return what a rule of the workspace takes an answer to say that no other rule knows. Never certain."""
    rules = rules_of(workspace_id, About.ANSWER) if verdict.kind is Kind.HUMAN_REPLY else []
    found = first(rules, told(mail, About.ANSWER)) if rules else None
    if found is None:
        return None
    rule, hit = found
    return Guess(ReplyClass(rule.means), Evidence(LAYER, f"rule-{rule.pk}", hit), is_certain=False)


def _read(workspace_id: int, about: About) -> Iterator[tuple[InboundMessage, str]]:
    rows = _with_what_follows(unknown_rows(workspace_id, about)).annotate(head=first_bytes(_HEAD))
    for row in rows[:MOST].iterator(chunk_size=_AT_ONCE):
        head, row.head = bytes(row.head), b""
        if words := told(parse_mail(head), about).strip():
            yield row, f" {words} "


def _with_what_follows(rows: QuerySet[InboundMessage]) -> QuerySet[InboundMessage]:
    """Join what a rule may change; the mail itself is fetched for those alone that it does change."""
    return rows.defer("raw").select_related(
        "mailbox__workspace", "contact__workspace", "answers__contact__workspace", "answers__enrollment",
        "answers__campaign", "answers__mailbox",
    )  # fmt: skip


def _would(row: InboundMessage, about: About, means: str) -> str:
    """Return in words what would follow for a mail of the past."""
    if about is About.ANSWER:
        return "It is shown as such; nothing else follows by itself."
    if row.answers is None or row.matched_by not in {MatchedBy.ORIGINAL_ID, MatchedBy.TOKEN, MatchedBy.REFERENCES}:
        return "It names no message of ours: nothing else follows."
    if Category(means).suppresses:
        return f"{row.answers.recipient} is suppressed, and its sequences are stopped."
    return "It counts as that; the address stays as it is."


def _apply(row: InboundMessage, rule: Rule, hit: str) -> None:
    evidence = {"layer": LAYER, "rule": f"rule-{rule.pk}", "words": hit}
    row.evidence = [*row.evidence, evidence]
    if rule.about is About.ANSWER:
        row.guess = rule.means
        row.save(update_fields=["evidence", "guess"])
        say(row, ReplyClass(rule.means))
        return
    row.category = Category(rule.means)
    row.save(update_fields=["evidence", "category"])
    understood = understand(bytes(row.raw))
    verdict = replace(
        understood.verdict,
        category=Category(rule.means),
        evidence=(*understood.verdict.evidence, Evidence(LAYER, f"rule-{rule.pk}", hit)),
    )
    found = Match(MatchedBy(row.matched_by), row.answers, row.contact)
    act(Arrival(row.mailbox, row, understood.mail, verdict, found))
