"""A step of the derivation that is compiled: one question in blocks, asked in as few short queries as will do."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

# Engines optimise a union in quadratic time: many short queries are quicker than one long one.
BRANCHES = 4


@dataclass(frozen=True)
class Step:
    """What is constructed, and the patterns under any of which it is, each with the IRI of the property without which
    it matches nothing; empty where there is none.
    """

    template: str
    blocks: tuple[tuple[str, str], ...]

    def queries(self, stated: Container[str] | None = None) -> Iterator[str]:
        """Yield the step as CONSTRUCT queries, less the blocks that match nothing where only these properties are
        stated of patients.
        """
        blocks = [pattern for pattern, name in self.blocks if not name or stated is None or name in stated]
        for start in range(0, len(blocks), BRANCHES):
            yield f"CONSTRUCT {{ {self.template} }} WHERE {{ {' UNION '.join(blocks[start : start + BRANCHES])} }}"
