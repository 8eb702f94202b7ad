"""Mutation itself: every operator makes mutants, bad ones are caught, the original is not, and no explanation is stale.

`scripts/mutate` tries every mutant; here a sample is tried.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutation.mutants import OPERATORS, Change, Mutant
from tests.mutation.score import Equivalent, Score, explained, sampled, tried
from tests.mutation.trial import ALIVE, CASE, LINT, REFUSED, Bench, Fate, bench

SAMPLE, SEED = 120, 20261122


@pytest.fixture(scope="module")
def prepared() -> Bench:
    """The original with its mutants and cases."""
    return bench()


def test_every_operator_makes_a_mutant(prepared: Bench) -> None:
    """An operator that finds nothing to change is forgotten."""
    made = Counter(mutant.operator for mutant in prepared.mutants.values())
    assert set(made) == set(OPERATORS)


def test_every_mutant_differs_from_the_original(prepared: Bench) -> None:
    """What goes was there and what comes was not, in the file that is named."""
    stated = {
        path.relative_to(prepared.original.knowledge.root): set(triples)
        for path, triples in (
            (module.path, module.triples) for module in (*prepared.original.knowledge.modules, prepared.original.shapes)
        )
    }
    for mutant in prepared.mutants.values():
        gone, come = set(mutant.change.gone), set(mutant.change.come)
        assert gone | come, mutant.name
        assert gone <= stated[mutant.file], mutant.name
        assert not come & stated[mutant.file], mutant.name


@pytest.mark.slow
def test_the_original_is_not_caught(prepared: Bench) -> None:
    """Without a change nothing catches: neither a case nor a lint query, and strangers are answered as they were."""
    nothing = Mutant("none", Change("Nothing", "is changed"), Path("ontology", "core.ttl"))
    assert prepared.fate(nothing, explained=True) == Fate(nothing.name, ALIVE)
    assert prepared.strangers


@pytest.mark.parametrize(
    "name, what",
    [
        ("flip facet: KarnofskyAtLeast70: minInclusive 70 becomes minExclusive 70", CASE),
        ("drop requires: OfferOsimertinib: without requires EgfrMutatedTumour", CASE),
        ("drop bar: BarIntrathecalTherapyWhileCsfFlowIsObstructed: dropped whole", CASE),
        ("shape: drop maxCount: CsfFlow: without maxCount 1", CASE),
        ("shape: drop target: Patient: without targetClass Patient", REFUSED),
        ("drop part: Adult: without Patient", REFUSED),
    ],
)
def test_a_bad_mutant_is_caught(prepared: Bench, name: str, what: str) -> None:
    """A boundary, a requirement, a bar, a shape: what is known to be bad is refused, or caught by a case."""
    assert prepared.fate(prepared.mutants[name]).what == what


def test_a_survivor_is_named_and_fails_until_it_is_explained(prepared: Bench) -> None:
    """One mutant that is alive lowers the score; with a reason it is no fault, and counts as none."""
    one, other = list(prepared.mutants.values())[:2]
    score = Score((one, other), (Fate(one.name, ALIVE), Fate(other.name, CASE, "a-case")), ())
    assert score.failed
    assert "score: 1 of 2 caught, 50.0%" in list(score.lines())
    assert any(one.name in line and line.startswith("alive") for line in score.lines())
    told = replace(score, explained=(Equivalent("for a reason", one.name, frozenset({one.name})),))
    assert not told.failed
    assert "score: 1 of 1 caught, 100.0%" in list(told.lines())


@pytest.mark.parametrize("fate", [Fate("", CASE, "a-case"), Fate("", LINT, "a-query"), Fate("", ALIVE, "a patient")])
def test_an_explanation_of_what_is_no_equivalent_fails(prepared: Bench, fate: Fate) -> None:
    """An explained mutant that is caught, or that answers a stranger otherwise, is none."""
    one = next(iter(prepared.mutants.values()))
    entry = Equivalent("for a reason", one.name, frozenset({one.name}))
    score = Score((one,), (replace(fate, mutant=one.name),), (entry,))
    assert score.failed
    assert any(line.startswith("stale") for line in score.lines())


def test_an_explanation_of_a_mutant_that_is_not_made_fails(prepared: Bench, tmp_path: Path) -> None:
    """A pattern that matches no mutant is stale."""
    path = tmp_path / "equivalents.toml"
    path.write_text('[[equivalent]]\nreason = "for a reason"\nmutants = ["drop requires: NoSuchRule: *"]\n')
    one = next(iter(prepared.mutants.values()))
    assert Score((one,), (Fate(one.name, CASE, "a-case"),), explained(prepared.mutants, path)).failed


def test_a_run_that_tries_nothing_fails() -> None:
    """Zero is a failure."""
    assert Score((), (), ()).failed


def test_a_sample_holds_every_operator_and_is_the_same_each_time(prepared: Bench) -> None:
    """A sample is stratified, and its seed says which."""
    mutants = list(prepared.mutants.values())
    chosen = sampled(mutants, SAMPLE, SEED)
    assert {mutant.operator for mutant in chosen} == set(OPERATORS)
    assert chosen == sampled(mutants, SAMPLE, SEED) != sampled(mutants, SAMPLE, SEED + 1)
    assert abs(len(chosen) - SAMPLE) < len(OPERATORS)


@pytest.mark.slow
def test_no_mutant_of_a_sample_survives(prepared: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Each mutant of the sample is caught by a case, a lint query or a law, or is explained as equivalent."""
    equivalent, chosen = explained(prepared.mutants), sampled(list(prepared.mutants.values()), SAMPLE, SEED)
    score = Score(tuple(chosen), tuple(tried(chosen, equivalent, 2)), equivalent)
    with capsys.disabled():
        print("", *score.lines(), sep="\n")
    assert not score.failed
