"""Every item of the checklists that consumers of ontologies apply is checked by something, or it is said why not."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from pyoxigraph import QueryBoolean

from lepto.knowledge import Knowledge
from tests.quality import DOCUMENT, ROOT, Item, checked, items, table

ITEMS = items()


def test_the_lists_are_whole() -> None:
    """Each has as many items as its owner publishes, and none twice."""
    assert Counter(item.checklist for item in ITEMS) == {"ROBOT": 33, "OOPS": 33, "FOOPS": 24, "OBO": 16, "ODK": 5}
    assert len({(item.checklist, item.name) for item in ITEMS}) == len(ITEMS)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: f"{item.checklist} {item.name}")
def test_an_item_is_checked_or_has_a_reason(item: Item) -> None:
    """What nothing checks says why; what is looked for is said of all."""
    assert item.looks_for
    assert item.done_by or item.note


def test_no_query_or_shape_does_an_item_that_is_on_no_list() -> None:
    """A misspelt item would be done by nobody."""
    assert set(checked()) <= {f"{item.checklist} {item.name}" for item in ITEMS}


def test_a_query_that_does_an_item_is_told() -> None:
    """Most items are done by lint queries, and the rest by shapes and tests."""
    assert sum("lint/" in link for item in ITEMS for link in item.done_by) > 60


def test_the_document_is_up_to_date() -> None:
    """`.venv/bin/python -m tests.quality` writes its table."""
    assert DOCUMENT.read_text(encoding="utf-8").endswith(table())


def test_what_is_said_to_check_is_there() -> None:
    """The files of queries, shapes and tests exist, and hold what is named."""
    links = [re.fullmatch(r"\[(.+)\]\(\.\./(.+)\)", link) for item in ITEMS for link in item.done_by]
    for link in links:
        assert link
        name, file = link.groups()
        text = (ROOT / file).read_text(encoding="utf-8")
        assert name.startswith("lint/") or re.search(rf"^(def |leptosh:){name}\b", text, re.MULTILINE), link[0]


def test_the_two_groups_by_prognosis_are_disjoint(knowledge: Knowledge) -> None:
    """A patient of both is a contradiction, whatever the definitions of the groups become."""
    answer = knowledge.store.query(
        """PREFIX lepto: <https://w3id.org/lepto/>
        PREFIX owl: <http://www.w3.org/2002/07/owl#>
        ASK { lepto:FavourablePrognosis owl:disjointWith|^owl:disjointWith lepto:PoorPrognosis }"""
    )
    assert isinstance(answer, QueryBoolean)
    assert answer
