"""Try mutants of the guideline, and print the score and who is alive.

    scripts/mutate                          every mutant; minutes
    scripts/mutate --sample 200             a sample, of every operator at least one
    scripts/mutate --operator "swap strength" --operator "flip facet"
    scripts/mutate --mutant "flip facet: Adult: minInclusive 18 becomes minExclusive 18"
    scripts/mutate --list                   the operators, with how many mutants each makes

The exit status is 1 where a mutant is alive that `tests/mutation/equivalents.toml` does not explain, or where it
explains one that is caught or not made.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Sequence
from time import monotonic

from tests.mutation.mutants import OPERATORS, Mutant
from tests.mutation.score import Score, explained, sampled, tried
from tests.mutation.trial import bench

SEED = 20261122


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    options = _options(arguments)
    mutants = [one for one in bench().mutants.values() if not options.operator or one.operator in options.operator]
    if options.list:
        return _list(mutants)
    if options.mutant:
        return _show(bench().mutants[options.mutant])
    chosen = sampled(mutants, options.sample, options.seed) if options.sample else mutants
    print(
        f"{len(chosen)} of {len(bench().mutants)} mutants, {len(bench().cases)} cases, seed {options.seed}", flush=True
    )
    start, fates, equivalent = monotonic(), [], explained(bench().mutants)
    for fate in tried(chosen, equivalent, options.processes):
        fates.append(fate)
        if len(fates) % 50 == 0:
            print(f"{len(fates)} tried in {monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    score = Score(tuple(chosen), tuple(fates), equivalent)
    print("\n".join(score.lines()))
    print(f"{monotonic() - start:.0f} s with {options.processes} processes")
    return 1 if score.failed else 0


def _list(mutants: Sequence[Mutant]) -> int:
    made = Counter(mutant.operator for mutant in mutants)
    for name in OPERATORS:
        print(f"{made[name]:5}  {name}")
    return 0


def _show(mutant: Mutant) -> int:
    """Print what a mutant changes, and everything that catches it."""
    print(f"{mutant.name}\n{mutant.file}")
    print(
        "\n".join(
            [*(f"- {triple}" for triple in mutant.change.gone), *(f"+ {triple}" for triple in mutant.change.come)]
        )
    )
    print(fate := bench().fate(mutant))
    if fate.what == "case":
        print("\n".join(bench().caught_by_cases(mutant, bench().mutated(mutant))))
    return 0


def _options(arguments: Sequence[str] | None) -> Namespace:
    parser = ArgumentParser("scripts/mutate", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--operator", action="append", choices=sorted(OPERATORS), metavar="NAME", help="only this one")
    parser.add_argument("--sample", type=int, metavar="N", help="about so many, each operator by its share")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the sample; {SEED} unless told")
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="2 unless told")
    parser.add_argument("--mutant", metavar="NAME", help="show one mutant and all that catches it")
    parser.add_argument("--list", action="store_true", help="list the operators")
    options = parser.parse_args(arguments)
    if options.mutant and options.mutant not in bench().mutants:
        parser.error(f"there is no mutant {options.mutant!r}")
    return options


if __name__ == "__main__":
    sys.exit(main())
