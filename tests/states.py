"""The abstract states of criteria, as patients."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from random import Random
from typing import Any

from lepto.space import Facts
from lepto.verify.grounds import Grounds

SEED = 20261124


def abstract_states(grounds: Grounds, many: int) -> tuple[list[Facts], dict[str, list[str]], int]:
    """Return patients of whom nothing is stated but what decides some criteria, the criteria of each, and how many
    there are of them all; so many are drawn for each group of criteria that the same facts decide.
    """
    groups: dict[frozenset[str], list[str]] = {}
    for criterion, facts in sorted(grounds.reads.items()):
        groups.setdefault(frozenset(facts), []).append(criterion)
    patients: list[Facts] = []
    asked: dict[str, list[str]] = {}
    whole = 0
    for read, criteria in sorted(groups.items(), key=lambda group: sorted(group[0])):
        states = [
            {name: value for name, value in zip(sorted(read), values, strict=True) if value is not None}
            for values in product(*(_values(grounds, fact) for fact in sorted(read)))
        ]
        whole += len(states)
        for state in states if len(states) <= many else Random(SEED).sample(states, many):
            patients.append({"id": f"state-{len(patients)}", **state})
            asked[patients[-1]["id"]] = criteria
    return patients, asked, whole


def _values(grounds: Grounds, fact: str) -> Sequence[Any]:
    if fact == grounds.courses:
        return [None, *([course] for course in grounds.space.courses)]
    return grounds.space.single[fact]
