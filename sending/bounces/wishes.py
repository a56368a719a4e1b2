"""Whether a short text asks not to be written to again; how people say so is data (data/optout.toml). Pure.

Whoever is suppressed for what they have not asked for is lost, and whoever asks and is written to again rightly
complains. So a wish is certain only where it is a whole clause, with polite words around it at most, and nothing beside
it speaks against that: no condition in its sentence, no question, nothing that invites. All else that sounds like one
is a mention: a person decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sending.bounces.phrases import Phrases, without
from sending.bounces.sentences import ADDRESS, Clause, Sentence, Words, sentences_of
from sending.bounces.tongues import AND, BUT, SINCE, Tongue, tongues

MOST_WORDS = 100  # of a text in which a wish is certain; a longer one has more to say
MOST_LOOKED_AT = 400  # words, for mentions
_MOST_SIGNS = 8_000
_FEWEST = 2  # words of a wish amid others that make a mention


@dataclass(frozen=True, slots=True)
class Wish:
    """That somebody asks for no more mail, or may do so, and in which words (plain ones, see sentences.plain)."""

    is_certain: bool
    words: str


def wish_in(text: str) -> Wish | None:
    """Return the wish to hear no more that stands in what somebody has written, None where there is none."""
    sentences = _unquoted(_bounded(sentences_of(text[:_MOST_SIGNS])))
    known = {word for one in sentences for word in _words(one)}
    mention: Words | None = None
    is_short = sum(map(_length, sentences)) <= MOST_WORDS
    for tongue in tongues():
        if tongue.needed.isdisjoint(known):
            continue
        spelled = [tongue.spelled(_words(one)) for one in sentences]
        near = tongue.among({word for words in spelled for word in words})
        met = next((found for words in spelled if (found := _mention(near, words))), None)
        may_ask = met or any(near.wishes.stand_in(words) or near.alone.stand_in(words) for words in spelled)
        if may_ask and is_short and (found := _Reading(near).certain(sentences)):
            return Wish(is_certain=True, words=" ".join(found))
        mention = mention or met or (_Reading(near).unsure(sentences) if known & near.unsure.firsts else None)
    return Wish(is_certain=False, words=" ".join(mention)) if mention else None


def _mention(tongue: Tongue, words: Words) -> Words | None:
    """Return what among the words of a sentence may ask for it, None where nothing does."""
    firsts = tongue.wishes.firsts | tongue.mentions.firsts
    for start in (at for at, word in enumerate(words) if word in firsts):
        ends = {end for end in tongue.wishes.ends(words, start) if end - start >= _FEWEST}
        ends |= tongue.mentions.ends(words, start)
        if ends:
            return words[start : max(ends)]
    return None


@dataclass(frozen=True, slots=True)
class _Piece:
    """Words of a clause between those that join. before, behind: by which kind of word it is joined, "" where by none.

    opens: it begins its sentence. asks: it is a wish, and nothing else. is_empty: polite words, and nothing else.
    is_harmless: it begins with what takes nothing back.
    """

    words: Words
    clause: Clause
    sentence: int
    is_question: bool
    opens: bool
    asks: bool
    is_empty: bool
    is_harmless: bool
    before: str = ""
    behind: str = ""


class _Reading:
    """A text as somebody reads it who knows one language."""

    def __init__(self, tongue: Tongue) -> None:
        self._tongue = tongue
        self._asks: dict[tuple[Words, bool], bool] = {}
        self._empty: dict[Words, bool] = {}

    def certain(self, sentences: Sequence[Sentence]) -> Words | None:
        """Return the words of a wish that nothing speaks against, None where there is none."""
        pieces = [piece for at, sentence in enumerate(sentences) for piece in self._pieces(at, sentence)]
        free = [piece for at, piece in enumerate(pieces) if piece.asks and _stands_free(at, pieces)]
        if not free:
            return self._alone(pieces, self._tongue.alone)
        wished = {piece.sentence for piece in free}
        others = (piece for piece in pieces if not (piece.asks or piece.is_empty))
        if any(self._speaks_against(one, is_beside=one.sentence in wished) for one in others):
            return None
        return free[0].words

    def unsure(self, sentences: Sequence[Sentence]) -> Words | None:
        """Return a single word that may ask for it where nothing else is said, None where none does."""
        pieces = [piece for at, sentence in enumerate(sentences) for piece in self._pieces(at, sentence)]
        return self._alone(pieces, self._tongue.unsure)

    def _pieces(self, at: int, sentence: Sentence) -> Iterator[_Piece]:
        opens = True
        for clause in self._clauses(sentence):
            for words, before, behind in self._parts(clause, is_question=sentence.is_question):
                asks = not clause.is_quoted and self._is_wish(words, is_question=sentence.is_question)
                is_empty = self._says_nothing(words)
                is_harmless = bool(self._tongue.harmless.ends(words, 0))
                shape = (opens, asks, is_empty, is_harmless)
                yield _Piece(words, clause, at, sentence.is_question, *shape, before, behind)
                opens = False

    def _clauses(self, sentence: Sentence) -> Iterator[Clause]:
        """Return the clauses; two that are a wish only together ("stop, writing to me") are one."""
        clauses = [replace(one, words=self._tongue.spelled(one.words)) for one in sentence.clauses]
        at = 0
        while at < len(clauses):
            one, two = clauses[at], clauses[at + 1] if at + 1 < len(clauses) else None
            if two is not None and not (one.is_quoted or two.is_quoted):
                both = one.words + two.words
                known = (self._is_known(words, is_question=sentence.is_question) for words in (one.words, two.words))
                if not any(known) and self._is_wish(both, is_question=sentence.is_question):
                    yield replace(one, words=both)
                    at += 2
                    continue
            yield one
            at += 1

    def _parts(self, clause: Clause, *, is_question: bool) -> Iterator[tuple[Words, str, str]]:
        """Return the words of a clause between those that join, and how they are joined; a wish is left whole."""
        words = clause.words
        if self._is_known(words, is_question=is_question):
            yield words, "", ""
            return
        start, before = 0, ""
        for at, word in enumerate(words):
            kind = self._tongue.joins.get(word, "")
            if kind and at > start:
                yield words[start:at], before, kind
            if kind:
                start, before = at + 1, kind
        if start < len(words):
            yield words[start:], before, ""

    def _is_known(self, words: Words, *, is_question: bool) -> bool:
        return self._says_nothing(words) or self._is_wish(words, is_question=is_question)

    def _is_wish(self, words: Words, *, is_question: bool) -> bool:
        """Say whether words are a wish and nothing else; of a question, whether it politely asks for it."""
        key = (words, is_question)
        if key not in self._asks:
            tongue = self._tongue
            starts = self._over_courtesy(words, {0})
            asked = self._over_courtesy(words, tongue.asks.from_any(words, starts))
            ends = tongue.wishes.from_any(words, asked if is_question else starts | asked)
            self._asks[key] = len(words) in self._over_courtesy(words, ends)
        return self._asks[key]

    def _says_nothing(self, words: Words) -> bool:
        """Say whether words are polite, a plain no, or an address alone."""
        if words not in self._empty:
            places = self._over_courtesy(words, {0})
            places = places | self._over_courtesy(words, self._tongue.refusals.from_any(words, places))
            self._empty[words] = len(words) in places or words == (ADDRESS,)
        return self._empty[words]

    def _over_courtesy(self, words: Words, places: set[int]) -> set[int]:
        """Return the places that are reached from these over polite words, and over what means no harm."""
        reached = self._tongue.polite.over(words, places)
        beyond = self._tongue.harmless.from_any(words, reached) - reached
        return self._tongue.polite.over(words, reached | beyond) if beyond else reached

    def _speaks_against(self, piece: _Piece, *, is_beside: bool) -> bool:
        tongue = self._tongue
        words = without(piece.words, tongue.harmless)
        if piece.is_question and len(words) == len(piece.words):
            return True  # what they ask is to be answered
        if ADDRESS in words:
            return True  # where to write instead
        if (is_beside and tongue.against.stand_in(words)) or (piece.opens and tongue.against.ends(words, 0)):
            return True
        if tongue.eager.stand_in(words):
            return True
        return tongue.invites.stand_in(words) and tongue.negations.isdisjoint(words)

    def _alone(self, pieces: Sequence[_Piece], words: Phrases) -> Words | None:
        """Return the one of these words that stands where nothing else is said, "Stop" above a name."""
        found = [at for at, piece in enumerate(pieces) if self._is_alone(piece, words)]
        others = [at for at, piece in enumerate(pieces) if at not in found and not piece.is_empty]
        if not found or any(at < found[0] or not pieces[at].clause.is_name for at in others):
            return None
        return pieces[found[0]].words

    def _is_alone(self, piece: _Piece, words: Phrases) -> bool:
        if piece.is_question or piece.clause.is_quoted:
            return False
        ends = words.over(piece.words, words.from_any(piece.words, self._over_courtesy(piece.words, {0})))
        return len(piece.words) in self._over_courtesy(piece.words, ends)


def _stands_free(at: int, pieces: Sequence[_Piece]) -> bool:
    """Say whether what a wish is joined to by a word leaves it whole."""
    piece = pieces[at]
    if piece.before == SINCE:
        return False
    if piece.before == AND and at and not _leaves_whole(pieces[at - 1]):
        return False
    if at + 1 == len(pieces):
        return True
    after = pieces[at + 1]
    turns = after.before == BUT and after.sentence == piece.sentence
    return _leaves_whole(after) or (piece.behind in {"", SINCE} and not turns)


def _leaves_whole(piece: _Piece) -> bool:
    return piece.asks or piece.is_empty or piece.is_harmless


def _words(sentence: Sentence) -> Words:
    return tuple(word for clause in sentence.clauses for word in clause.words)


def _length(sentence: Sentence) -> int:
    return sum(len(clause.words) for clause in sentence.clauses)


def _bounded(sentences: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    """Return the sentences up to the most words that are looked at; the first one in any case, cut."""
    count = 0
    for at, one in enumerate(sentences):
        count += _length(one)
        if count > MOST_LOOKED_AT:
            return sentences[:at] or (_cut(one),)
    return sentences


def _cut(sentence: Sentence) -> Sentence:
    first = sentence.clauses[0]
    return Sentence((replace(first, words=first.words[:MOST_LOOKED_AT]),), sentence.is_question)


def _unquoted(sentences: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    """Return the sentences; where all stands in quotes, it is said all the same."""
    if not all(clause.is_quoted for one in sentences for clause in one.clauses):
        return sentences
    return tuple(
        Sentence(tuple(replace(one, is_quoted=False) for one in each.clauses), each.is_question) for each in sentences
    )
