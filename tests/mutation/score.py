"""Many mutants tried side by side, counted, and held against the list of those that are explained as equivalent."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from random import Random

from tests.mutation.mutants import Mutant
from tests.mutation.trial import ALIVE, CASE, LAW, LINT, REFUSED, Fate, try_mutant

EQUIVALENTS = Path(__file__).parent / "equivalents.toml"


@dataclass(frozen=True)
class Equivalent:
    """Mutants that answer as the original does, and why; names may have a `*`. `made` are those that there are."""

    reason: str
    pattern: str
    made: frozenset[str]


def explained(names: Iterable[str], path: Path = EQUIVALENTS) -> tuple[Equivalent, ...]:
    """Read the list of equivalent mutants: a reason, and the names or patterns for which it holds."""
    given = list(names)
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["equivalent"]
    return tuple(
        Equivalent(entry["reason"], pattern, frozenset(name for name in given if fnmatchcase(name, pattern)))
        for entry in entries
        for pattern in entry["mutants"]
    )


def sampled(mutants: Sequence[Mutant], number: int, seed: int) -> list[Mutant]:
    """Return about so many mutants: of each operator its share, drawn by the seed, and at least one."""
    random, share = Random(seed), number / len(mutants)
    chosen = []
    for _, group in groupby(mutants, key=lambda mutant: mutant.operator):
        some = list(group)
        chosen += random.sample(some, min(len(some), max(1, round(share * len(some)))))
    return chosen


def tried(mutants: Sequence[Mutant], explained: Iterable[Equivalent], processes: int) -> Iterator[Fate]:
    """Yield the fate of each mutant, in order, from processes of their own."""
    names = [mutant.name for mutant in mutants]
    known = {name for entry in explained for name in entry.made}
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(try_mutant, names, [name in known for name in names], chunksize=4)


@dataclass(frozen=True)
class Score:
    """How many mutants were caught, by what, and which are alive without an explanation."""

    mutants: tuple[Mutant, ...]
    fates: tuple[Fate, ...]
    explained: tuple[Equivalent, ...]

    @cached_property
    def reasons(self) -> Mapping[str, str]:
        """For every explained mutant the reason."""
        return {name: entry.reason for entry in self.explained for name in entry.made}

    @property
    def survivors(self) -> list[Mutant]:
        """The mutants that nothing caught and nothing explains."""
        alive = {fate.mutant for fate in self.fates if fate.what == ALIVE}
        return [mutant for mutant in self.mutants if mutant.name in alive - self.reasons.keys()]

    @property
    def stale(self) -> list[str]:
        """Explanations of mutants that are not made, and of mutants that were caught."""
        unmade = [f"{entry.pattern}: no such mutant is made" for entry in self.explained if not entry.made]
        untrue = [fate for fate in self.fates if fate.mutant in self.reasons and (fate.what != ALIVE or fate.by)]
        return unmade + [f"{fate.mutant}: no equivalent, see {fate.what} {fate.by}" for fate in untrue]

    @property
    def failed(self) -> bool:
        """Whether a mutant is alive without an explanation, an explanation is stale, or nothing was tried."""
        return bool(self.survivors or self.stale or not self.fates)

    def lines(self) -> Iterator[str]:
        """Yield the table of operators, the score, and who is alive, with how to look again."""
        columns = (REFUSED, CASE, LINT, LAW, "equivalent", ALIVE)
        yield f"{'operator':34}{'made':>6}" + "".join(f"{column:>11}" for column in columns)
        operators = {mutant.name: mutant.operator for mutant in self.mutants}
        for operator in dict.fromkeys(operators.values()):
            yield self._row(operator, [fate for fate in self.fates if operators[fate.mutant] == operator], columns)
        yield self._row("all", self.fates, columns)
        possible = len(self.fates) - self._counted(self.fates)["equivalent"]
        caught = possible - len(self.survivors)
        yield f"score: {caught} of {possible} caught, {caught / max(1, possible):.1%}"
        for mutant in self.survivors:
            yield f"alive: {mutant.name}"
            yield f"       in {mutant.file}; look again with scripts/mutate --mutant '{mutant.name}'"
            if others := next(fate.by for fate in self.fates if fate.mutant == mutant.name):
                yield f"       answers otherwise for {others}"
        yield from (f"stale: {line}" for line in self.stale)

    def _row(self, name: str, fates: Sequence[Fate], columns: Iterable[str]) -> str:
        counted = self._counted(fates)
        return f"{name:34}{len(fates):6}" + "".join(f"{counted[column]:11}" for column in columns)

    def _counted(self, fates: Iterable[Fate]) -> Counter[str]:
        return Counter(
            "equivalent" if fate.what == ALIVE and fate.mutant in self.reasons else fate.what for fate in fates
        )
