"""A step of the derivation that is compiled: one question in blocks, asked in as few short queries as will do."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

# Engines optimise a union in quadratic time: many short queries are quicker than one long one.
BRANCHES = 4


@dataclass(frozen=True)
class Block:
    """A pattern that is asked where a property, given by its IRI, is `stated` of some patient, or else where it is not:
    otherwise it matches nothing, or another block says the same. Where the IRI is empty, it is always asked.
    """

    pattern: str
    property: str = ""
    stated: bool = True

    def is_asked(self, stated: Container[str]) -> bool:
        """Say whether the block is asked where these properties are stated."""
        return not self.property or (self.property in stated) == self.stated


@dataclass(frozen=True)
class Step:
    """What is constructed, and the blocks under any of which it is."""

    template: str
    blocks: tuple[Block, ...]

    def queries(self, stated: Container[str]) -> Iterator[str]:
        """Yield the step as CONSTRUCT queries for patients of whom these properties are stated, and no others."""
        patterns = [f"{{ {block.pattern} }}" for block in self.blocks if block.is_asked(stated)]
        for start in range(0, len(patterns), BRANCHES):
            yield f"CONSTRUCT {{ {self.template} }} WHERE {{ {' UNION '.join(patterns[start : start + BRANCHES])} }}"
