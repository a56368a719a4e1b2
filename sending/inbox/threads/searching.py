"""Search conversations by their words, and look through no more of them than somebody waits for.

PostgreSQL's index of words (GIN) knows who has all of some words, and nothing of their places. What asks for more
(words beside each other, a word that is not there) is compared one conversation after the other, the newest first, and
only so many at a time; where that ends the next page begins.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import BooleanField, F, Func, QuerySet, TextField, Value

from outreach.kit.paging import Bound, Bounded
from sending.inbox.threads.models import Thread

LONGEST_SEARCH = 200
MOST_LOOKED_AT = 2_000  # conversations for one page, some 10 µs each
_MOST_FOUND = 500  # more than any page shows
# querytree leaves out what no index knows ("T" where nothing is left), and the places are left out here.
_READ = """
SELECT q::text, regexp_replace(querytree(q), ' <(-|[0-9]+)> ', ' & ', 'g') FROM websearch_to_tsquery('simple', %s) q
"""
_ANY = "T"


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for. needs: what whatever is found has at least, as the index of words can tell it."""

    text: str
    needs: str
    is_exact: bool  # the index alone tells what is found

    def bounded(self, rows: QuerySet[Thread]) -> Bounded[Thread]:
        """Return those of the rows, which have their order, that are found among the first MOST_LOOKED_AT.

        With the last of these where there are more. Rows of whom few have the words are all looked at.
        """
        asked = SearchQuery(self.text, search_type="websearch", config="simple")
        # Said as a function, so that no index is asked: it would compare all conversations that have the words.
        is_found = Func(F("words__words"), asked, function="ts_match_vq", output_field=BooleanField())
        looked_at = list(rows.annotate(is_found=is_found).values_list("pk", "is_found")[: MOST_LOOKED_AT + 1])
        end = None
        if len(looked_at) > MOST_LOOKED_AT:
            looked_at.pop()
            end = Thread.objects.only("newest_at").get(pk=looked_at[-1][0])
        found = [pk for pk, is_it in looked_at if is_it]
        return Bounded(rows.filter(pk__in=found[:_MOST_FOUND]), end)


def read_search(text: str) -> Search | None:
    """Return what a text asks for: all words, `"beside each other"`, `-without`; None for nothing."""
    plain = text.replace("\x00", "").strip()[:LONGEST_SEARCH]
    if not plain:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_READ, [plain])
        whole, needs = cursor.fetchone() or ("", "")
    return Search(plain, needs, is_exact=needs == whole)


def bound_of(sought: Search | None) -> Bound[Thread] | None:
    """Return what bounds the looking of a page, None where the index alone finds."""
    return None if sought is None or sought.is_exact else sought.bounded


def having(rows: QuerySet[Thread], sought: Search) -> QuerySet[Thread]:
    """Return those of the conversations that have what is sought; where it is not exact, all that it needs."""
    if sought.is_exact:
        return rows.filter(words__words=SearchQuery(sought.text, search_type="websearch", config="simple"))
    if sought.needs == _ANY:
        return rows.filter(words__isnull=False)
    needs = Func(Value(sought.needs), template="%(expressions)s::tsquery", output_field=TextField())
    has = Func(F("words__words"), needs, template="(%(expressions)s)", arg_joiner=" @@ ", output_field=BooleanField())
    return rows.filter(has)
