from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.contacts.core.names import tidied

NAMES = [
    ("JOHN", "John"),
    ("john", "John"),
    ("John", "John"),
    ("McDonald", "McDonald"),
    ("MCDONALD", "McDonald"),
    ("van der Berg", "van der Berg"),
    ("VAN DER BERG", "van der Berg"),
    ("de la CRUZ", "de la Cruz"),
    ("O'BRIEN", "O'Brien"),
    ("jean-luc", "Jean-Luc"),
    ("d'Angelo", "d'Angelo"),
    ("John SMITH", "John Smith"),
    ("JJ", "JJ"),
    ("J.R.", "J.R."),
    ("Dr. Ada", "Ada"),
    ("Herr Prof. Dr. Max", "Max"),
    ("Dr.", "Dr."),
    ("Ada (CEO)", "Ada"),
    ("(CEO)", "(CEO)"),
    ("Ada 🚀", "Ada"),
    ("🚀", "🚀"),
    ("* Ada *", "Ada"),
    ("Ada Lovelace, PhD", "Ada Lovelace"),
    ("HENRY III", "Henry III"),
    ("ŁUKASZ", "Łukasz"),
    ("straße", "Straße"),
    ("李明", "李明"),
    ("", ""),
]


@pytest.mark.parametrize(("name", "proposal"), NAMES)
def test_a_name_is_proposed_as_its_owner_would_write_it(name: str, proposal: str) -> None:
    assert tidied(name) == proposal


@given(st.text(st.sampled_from("abcMcDr.VANvan O'-(),*🚀éÉßİ"), max_size=14))
@settings(max_examples=200)
def test_a_proposal_is_never_empty_nor_proposed_anew(name: str) -> None:
    proposal = tidied(name)
    assert bool(proposal.strip()) == bool(name.strip())
    assert tidied(proposal) == proposal
