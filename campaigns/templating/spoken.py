"""Which language a wording is in, guessed by its small words. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

LANGUAGES: Mapping[str, str] = {  # ISO 639-1 code -> name. Messages keep its place in this order: only ever append
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian",
    "nl": "Dutch", "pt": "Portuguese", "pl": "Polish", "sv": "Swedish", "da": "Danish",
}  # fmt: skip
USUAL = "en"
# The commonest words of each, as frequency lists have them; such as stand in several decide nothing between those.
_SMALL = {
    "en": "the and to of a in is that it for on with as are this be have from you your our we i not or at would can",
    "de": "der die das und ist nicht ein eine ich sie wir ihre ihnen mit für auf zu den dem von im bei auch wie wenn",
    "fr": "le la les des et est une un vous nous je votre vos pour dans que qui sur avec ne pas du au ce plus mon",
    "es": "el la los las y es una un que usted su sus para con por no se en del al le como más mi nos lo muy",
    "it": "il la le gli e è una un che non per con di del della sono mi si lei suo sua vostra nel alla come più ho",
    "nl": "de het een en is niet ik u wij we je uw voor met van op dat die te zijn bij ook aan naar hebben of om",
    "pt": "o a os as e é uma um que não para com por de do da se em no na sua seu você ao mais como meu eu",
    "pl": "i w na z do się nie jest to że dla o jak czy pan pani państwa od za po są ale mam przez mi więcej",
    "sv": "och att det som en ett är inte jag vi ni du för med på av till om den har er era kan från din",
    "da": "og at det som en et er ikke jeg vi i du for med på af til om den har jer jeres kan fra din hvis",
}
_SETS = {code: frozenset(words.split()) for code, words in _SMALL.items()}
_MARK = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+")
_LEAST = 3  # so few small words tell nothing
_MOST_WORDS = 400


def language_of(text: str) -> str:
    """Return the code of the language that a wording seems to be in; English where nothing tells."""
    words = _WORD.findall(_MARK.sub(" ", text).casefold())[:_MOST_WORDS]
    counts = {code: sum(word in small for word in words) for code, small in _SETS.items()}
    best = max(counts, key=lambda code: counts[code])  # the first of equals
    return best if counts[best] >= _LEAST else USUAL
