"""Compare staged rows with the contacts that there are, by the rules of the merge, and write nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper

from campaigns.contacts.core.difference import SAMPLES, Change, Difference, cut
from campaigns.contacts.core.fields import CUSTOM_PREFIX, is_custom_name
from campaigns.contacts.services.comparing import (
    FIELDS,
    HAS_REFUSED,
    REFUSALS,
    changeable,
    differs,
    value_after,
)
from campaigns.contacts.services.reading import Batch
from campaigns.contacts.services.running_people import people_in_campaigns
from campaigns.contacts.services.staging import PassingStage
from campaigns.contacts.states import FURTHER_GROUNDS, ImportPolicy, LegalBasis


@dataclass(frozen=True, slots=True)
class _Side:
    """One value that can change: its name, the SQL condition that it does, and the SQL of before and after."""

    name: str
    differs: str
    before: str
    after: str


class Comparison:
    """Adds up what a file's batches would do in a workspace."""

    def __init__(  # what is compared, where, and what is said of it
        self,
        workspace_id: int,
        columns: Sequence[str],
        policy: ImportPolicy,
        custom: Sequence[str],
        *,
        basis: LegalBasis,
    ) -> None:
        """columns: of the staged rows; custom: the names of the custom fields among them."""
        self.found = Difference()
        self._workspace_id = workspace_id
        self._is_ground = basis in FURTHER_GROUNDS
        self._sides = list(_sides(columns, policy, custom))
        self._any = " OR ".join(differs(name, policy, new="s") for name in changeable(columns, policy)) or "false"
        self._name = " || ' ' || ".join(f"s.{name}" for name in ("first_name", "last_name") if name in columns) or "''"

    def add(self, stage: PassingStage, batch: Batch) -> None:
        """Count one batch; the stage is used for it and empty afterwards. Must run inside a transaction."""
        self.found.reject(batch.rejected)
        if not batch.taken:
            return
        stage.add(batch.taken, batch.lines)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL jit = off; ANALYZE pg_temp.contacts_stage")
            self._count(cursor, len(batch.taken))
            self._sample(cursor)
            self.found.suppressed += stage.suppressed(self._workspace_id)
            cursor.execute(_KNOWN_IDS, [self._workspace_id])
            known = [pk for (pk,) in cursor.fetchall()]
            if known and self._is_ground:
                cursor.execute(_GROUNDED, {"ids": known, "wishes": REFUSALS})
                (grounded,) = cursor.fetchone()
                self.found.grounded += grounded
                self.found.refused += len(known) - grounded
            if known:
                self.found.enroll(*people_in_campaigns(self._workspace_id, known))
            cursor.execute("TRUNCATE pg_temp.contacts_stage")

    def _count(self, cursor: CursorWrapper, rows: int) -> None:
        counts = "".join(f", count(*) FILTER (WHERE c.id IS NOT NULL AND {side.differs})" for side in self._sides)
        cursor.execute(_COUNT.format(counts=counts, any=self._any), [self._workspace_id])
        known, changed, *by_side = cursor.fetchone()
        found = self.found
        found.rows += rows
        found.created += rows - known
        found.changed += changed
        found.unchanged += known - changed
        for side, people in zip(self._sides, by_side, strict=True):
            if people:
                found.changes.setdefault(side.name, Change()).people += people

    def _sample(self, cursor: CursorWrapper) -> None:
        """Fetch samples where there are changes and too few of them were seen yet."""
        found = self.found
        if len(found.created_samples) < SAMPLES and found.created:
            wanted = SAMPLES - len(found.created_samples)
            cursor.execute(_CREATED.format(name=self._name), [self._workspace_id, wanted])
            found.created_samples += [[email, cut(name.strip())] for email, name in cursor.fetchall()]
        for side in self._sides:
            change = found.changes.get(side.name)
            if change is None or len(change.samples) >= min(SAMPLES, change.people):
                continue
            statement = _CHANGED.format(before=side.before, after=side.after, differs=side.differs)
            cursor.execute(statement, [self._workspace_id, SAMPLES - len(change.samples)])
            change.samples += [[email, cut(before), cut(after)] for email, before, after in cursor.fetchall()]


def _sides(columns: Sequence[str], policy: ImportPolicy, custom: Sequence[str]) -> Iterator[_Side]:
    for name in changeable(columns, policy):
        if name == FIELDS:
            yield from (_custom_side(one, policy) for one in custom)
        else:
            yield _Side(name, differs(name, policy, new="s"), f"c.{name}", value_after(name, policy, new="s"))


def _custom_side(name: str, policy: ImportPolicy) -> _Side:
    """Return how one custom field changes: what `differs` says of all of them together."""
    assert is_custom_name(name), name  # it goes into SQL
    new, old = f"(s.{FIELDS} ->> '{name}')", f"(c.{FIELDS} ->> '{name}')"
    known = f"{old} IS NULL" if policy == ImportPolicy.FILL else f"{old} IS DISTINCT FROM {new}"
    return _Side(f"{CUSTOM_PREFIX}{name}", f"({new} IS NOT NULL AND {known})", f"COALESCE({old}, '')", new)


# The scan of the stage leads: known contacts are found by the unique index, whatever their number.
_COUNT = """
SELECT count(c.id), count(*) FILTER (WHERE c.id IS NOT NULL AND ({any})){counts}
  FROM pg_temp.contacts_stage s
  LEFT JOIN contacts_contact c ON c.workspace_id = %s AND c.email_key = s.email_key
"""
_CREATED = """
SELECT s.email, {name} FROM pg_temp.contacts_stage s
 WHERE NOT EXISTS (SELECT 1 FROM contacts_contact c WHERE c.workspace_id = %s AND c.email_key = s.email_key)
 LIMIT %s
"""
_CHANGED = """
SELECT c.email, {before}, {after}
  FROM pg_temp.contacts_stage s JOIN contacts_contact c ON c.workspace_id = %s AND c.email_key = s.email_key
 WHERE {differs} LIMIT %s
"""
_GROUNDED = f"SELECT count(*) FROM contacts_contact c WHERE c.id = ANY(%(ids)s::bigint[]) AND NOT {HAS_REFUSED}"  # noqa: S608
_KNOWN_IDS = """
SELECT c.id FROM pg_temp.contacts_stage s
  JOIN contacts_contact c ON c.workspace_id = %s AND c.email_key = s.email_key
"""
