"""What the document says, as rows: the answers to the questions in `queries/document/`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from pyoxigraph import Literal, NamedNode, QuerySolutions, Store

from lepto.knowledge import Knowledge
from lepto.vocabulary import local_name

Row = Mapping[str, str]


class Answers:
    """Asks the knowledge, or a store in which patients were derived, each question once.

    A row has the names that the query returns; a term of ours is told by its local name, and what is unbound is empty.
    """

    def __init__(self, knowledge: Knowledge, store: Store | None = None) -> None:
        self.knowledge = knowledge
        self.store = store or knowledge.store
        self.rows = cache(self._rows)
        self._index = cache(self._indexed)

    def ask(self, name: str, **where: str) -> list[Row]:
        """Return the rows of a question in which one column has one value, in the order of the query."""
        ((column, value),) = where.items()
        return self._index(name, column).get(value, [])

    def _rows(self, name: str) -> list[Row]:
        answer = self.store.query(self.knowledge.query_text(f"document/{name}"))
        assert isinstance(answer, QuerySolutions)
        names = [variable.value for variable in answer.variables]
        return [{name: _text(row[name]) for name in names} for row in answer]

    def _indexed(self, name: str, column: str) -> dict[str, list[Row]]:
        index: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows(name):
            index[row[column]].append(row)
        return dict(index)


def _text(term: object) -> str:
    if isinstance(term, NamedNode):
        return local_name(term.value)
    return term.value if isinstance(term, Literal) else ""
