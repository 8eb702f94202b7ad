"""What is found in the states of rules and actions: each class of findings is a kind, what it is about, how many states
show it, and one patient who does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from lepto.space import Facts
from lepto.verify.actions import ActionStates, Rules
from lepto.verify.evaluate import MET, Codes, Outcome, ask, name_of
from lepto.verify.grid import Grid
from lepto.verify.grounds import Grounds

UNDETERMINED = "undetermined"
WAYS = ("Unclear", "None", "Offered", "Against")
# From which verdict to which one fact more must not lead. A bar that is told no longer, since nothing offers the action
# any more, is no opposite.
OPPOSITES = (("Offered", "None"), ("Offered", "Against"), ("Against", "Offered"), ("None", "Offered"))


@dataclass(frozen=True)
class Found:
    """One class of findings.

    `kind` is the local name of a lepto:FindingKind; `about` names the rules, actions, facts or criteria concerned;
    `states`: how many states show it; `witness`: a patient who does; `told`: what is the matter with the witness.
    """

    kind: str
    about: tuple[str, ...]
    states: int
    witness: Facts
    told: str


class Strengths:
    """Which rules offer and which bar, how strongly, and which actions are ever offered."""

    def __init__(self, grounds: Grounds) -> None:
        knowledge = grounds.knowledge
        self.way: dict[str, str] = {}
        self.of: dict[str, str] = {}
        self.offered: set[str] = set()
        for row in ask(knowledge, knowledge.store, "verify/strengths"):
            self.way[name_of(row["rule"])] = name_of(row["way"])
            self.of[name_of(row["rule"])] = name_of(row["strength"])
            if name_of(row["way"]) == "offers":
                self.offered.add(name_of(row["action"]))
        order = ask(knowledge, knowledge.store, "verify/outranks")
        self.outranks = {(name_of(row["strength"]), name_of(row["weaker"])) for row in order}

    def covers(self, rule: str, other: str) -> bool:
        """Say whether what a rule says is said as strongly, in the same direction, by another one."""
        same = self.way.get(rule) == self.way.get(other)
        return same and (self.of[other] == self.of[rule] or (self.of[other], self.of[rule]) in self.outranks)


def standing_rules(outcome: Outcome, rules: Iterable[str], strengths: Strengths) -> tuple[list[str], list[str]]:
    """Return the offers that are alive and stand, and the bars that stand, among rules."""
    met = [rule for rule in rules if outcome.rules[rule] == MET]
    offers = [rule for rule in met if strengths.way.get(rule) == "offers" and rule in outcome.offers]
    return sorted(offers), sorted(rule for rule in met if strengths.way.get(rule) == "bars")


def of_action(states: ActionStates, strengths: Strengths) -> Iterator[Found]:
    """Yield what is found in the states of one action alone."""
    yield from _contradictions(states)
    yield from _overlaps(states, strengths)
    yield from _unknown_read_as_no(states)
    yield from _case_splits(states)


def _contradictions(states: ActionStates) -> Iterator[Found]:
    """An action with two verdicts."""
    for kind, outcome in enumerate(states.outcomes):
        if len(outcome.verdicts.get(states.action, ())) > 1:
            word = outcome.verdict(states.action)
            yield Found("Contradiction", (states.action,), int(states.counts[kind]), states.patients[kind], word)


def _overlaps(states: ActionStates, strengths: Strengths) -> Iterator[Found]:
    """An offer that stands on an action against which a bar stands."""
    for kind, outcome in enumerate(states.outcomes):
        offers, bars = standing_rules(outcome, states.grounds.rules[states.action], strengths)
        for offer in offers:
            for bar in bars:
                told = f"{states.action} is offered and barred; the verdict is {outcome.verdict(states.action)}"
                yield Found("Overlap", (offer, bar), int(states.counts[kind]), states.patients[kind], told)


def verdicts_of(states: ActionStates) -> tuple[list[str], NDArray[np.int8]]:
    """Return the words for verdicts, and the number of the word of every state, -1 where the shapes refuse it."""
    words = sorted(set(states.words()))
    return words, states.over_states([words.index(word) for word in states.words()])


def _unknown_read_as_no(states: ActionStates) -> Iterator[Found]:
    """One fact more turns an offer into a bar or into nothing, or makes an offer of a bar or of nothing."""
    words, verdict = verdicts_of(states)
    way = states.over_states([WAYS.index(_way(outcome, states.action)) for outcome in states.outcomes])
    for place, axis in enumerate(states.grid.axes):
        count, first = 0, None
        for low, high in axis.steps:
            before, after = np.take(way, low, axis=place), np.take(way, high, axis=place)
            flips = np.zeros(before.shape, dtype=bool)
            for one, other in OPPOSITES:
                flips |= (before == WAYS.index(one)) & (after == WAYS.index(other))
            if flips.any():
                count += int(flips.sum())
                first = first or (low, high, states.grid.beside(place, int(np.argmax(flips))))
        if first:
            low, high, rest = first
            before_state, after_state = ((*rest[:place], at, *rest[place:]) for at in (low, high))
            told = (
                f"{states.action} is {words[verdict[before_state]]}; with {axis.fact} = {shown(axis.value(high))} "
                f"it is {words[verdict[after_state]]}"
            )
            yield Found("UnknownReadAsNo", (axis.fact, states.action), count, states.grid.patient(before_state), told)


def _way(outcome: Outcome, action: str) -> str:
    """Whether the verdict on an action speaks for it or against it, whether there is none, or whether it is unclear."""
    given = outcome.verdicts.get(action, ())
    if not given:
        return "None"
    return given[0][0] if len(given) == 1 and given[0][0] in WAYS else "Unclear"


def _case_splits(states: ActionStates) -> Iterator[Found]:
    """The verdict waits although every way to complete the record leads to one and the same verdict.

    A fact whose silence is alike to one of its values need not be completed: the state stands for that value as well,
    and the witness states it.
    """
    words, verdict = verdicts_of(states)
    if UNDETERMINED not in words:
        return
    bit = np.array([*(1 << number for number in range(len(words))), 0], dtype=np.int64)
    reached = bit[verdict]
    for place, axis in enumerate(states.grid.axes):
        if axis.fact in states.grounds.space.single and len(axis.classes[0]) == 1 < len(axis.classes):
            along = np.moveaxis(reached, place, 0)
            along[0] = np.bitwise_or.reduce(along[1:], axis=0)
    waits = verdict == words.index(UNDETERMINED)
    for number, word in enumerate(words):
        split = waits & (reached == 1 << number)
        if word != UNDETERMINED and split.any():
            state = states.grid.at(int(np.argmax(split)))
            told = f"{states.action} is undetermined; whatever is found out, it will be {word}"
            yield Found("CaseSplit", (states.action,), int(split.sum()), states.grid.patient(state, stated=True), told)


def idle_requests(states: ActionStates, many: int, seed: int) -> tuple[int, list[Found]]:
    """Return how many requests were looked at, and those that decide nothing.

    A verdict waits in vain for a fact where, whatever the other facts that it waits for turn out to be, knowing the
    fact never ends the waiting; any other request is idle where no answer ever makes a difference. One patient of every
    kind is looked at, or where there are more kinds than `many`, of so many drawn from a seed, those that wait first.
    """
    words, verdict = verdicts_of(states)
    kinds = list(range(len(states.kinds)))
    Random(seed).shuffle(kinds)  # noqa: S311
    kinds.sort(key=lambda kind: states.outcomes[kind].verdict(states.action) != UNDETERMINED)
    chosen = kinds[:many]
    asked = states.grounds.evaluator.asked([states.patients[kind] for kind in chosen])
    waiting = words.index(UNDETERMINED) if UNDETERMINED in words else len(words)
    looked_at, found = 0, []
    for kind, about in zip(chosen, asked, strict=True):
        missing = {states.grounds.space.read_fact(name) for name in about.missing.get(states.action, ())}
        for fact, action, blocking in sorted(about.requests):
            name = states.grounds.space.read_fact(fact)
            if action == states.action:
                looked_at += 1
                if not _decides(states, verdict, kind, name, missing, waiting if blocking else None):
                    told = f"{fact} is asked for, and no answer decides anything on {action}"
                    many_states = int(states.counts[kind])
                    found.append(Found("IdleRequest", (fact, action), many_states, states.patients[kind], told))
    return looked_at, found


def _decides(
    states: ActionStates, verdict: Codes, kind: int, fact: str, missing: set[str], waiting: int | None
) -> bool:
    """Whether, for some values of what else is missing, a value of a fact makes a difference.

    Where the verdict is waiting, only an end of the waiting counts as one.
    """
    if fact not in states.grid.facts:
        return False
    state = states.grid.at(int(states.where[kind]))
    place = states.grid.facts.index(fact)
    free = tuple(
        slice(None) if number == place or name in missing else slice(at, at + 1)
        for number, (name, at) in enumerate(zip(states.grid.facts, state, strict=True))
    )
    around = np.moveaxis(verdict[free], place, 0)
    before, others = around[state[place]], np.delete(around, state[place], axis=0)
    changed = (before >= 0) & (others >= 0) & (before != others)
    if verdict[state] == waiting:
        changed &= (before == waiting) & (others != waiting)
    return bool(changed.any())


# Over all actions


def of_rules(everything: dict[str, ActionStates], strengths: Strengths) -> Iterator[Found]:
    """Yield the rules that never stand, and those that never decide anything since another says as much."""
    reached: dict[str, tuple[int, Facts]] = {}
    decisive: set[str] = set()
    for states in everything.values():
        for kind, outcome in enumerate(states.outcomes):
            for group in standing_rules(outcome, states.grounds.rules[states.action], strengths):
                for rule in group:
                    count, witness = reached.get(rule, (0, states.patients[kind]))
                    reached[rule] = count + int(states.counts[kind]), witness
                    if not any(strengths.covers(rule, other) for other in group if other != rule):
                        decisive.add(rule)
    for rule in sorted(strengths.way):
        if rule not in reached:
            yield Found("UnreachableRule", (rule,), 0, {}, f"{rule} stands in no state")
        elif rule not in decisive:
            told = f"wherever {rule} stands, another rule says as much"
            yield Found("ShadowedRule", (rule,), reached[rule][0], reached[rule][1], told)


def of_asks(rules: Rules, strengths: Strengths) -> Iterator[Found]:
    """Yield the asks that never stand."""
    for rule in sorted({rule for bearing in rules.grounds.rules.values() for rule in bearing} - strengths.way.keys()):
        if MET not in rules.of(rule).reached:
            yield Found("UnreachableRule", (rule,), 0, {}, f"{rule} stands in no state")


def opposite_strata(grounds: Grounds) -> Iterator[tuple[tuple[str, str], int, Found | None]]:
    """Yield every pair of criteria that must not share a patient, how many states there are, and what was found."""
    for row in ask(grounds.knowledge, grounds.knowledge.store, "verify/opposites"):
        pair = name_of(row["one"]), name_of(row["other"])
        grid = Grid(grounds, [("criterion", name) for name in pair])
        both = np.broadcast_to((grid.code(grid.features[0]) == MET) & (grid.code(grid.features[1]) == MET), grid.shape)
        both = both & grid.sound
        found = None
        if both.any():
            witness = grid.patient(grid.at(int(np.argmax(both))))
            found = Found("Contradiction", pair, int(both.sum()), witness, f"{pair[0]} and {pair[1]} are both met")
        yield pair, int(grid.sound.sum()), found


@dataclass(frozen=True)
class PairStates:
    """Two actions that must not be combined: why, over how many states they were looked at together, and in how many
    both are offered, with a witness.
    """

    actions: tuple[str, str]
    why: str
    combinations: int
    states: int
    together: int
    witness: Facts | None


def interacting(grounds: Grounds, strengths: Strengths) -> dict[tuple[str, str], str]:
    """Return the pairs of offered actions that must not be combined, with the reason: the plan of one bars the other,
    or they stand for one choice.
    """
    found: dict[tuple[str, str], str] = {}
    for row in ask(grounds.knowledge, grounds.knowledge.store, "verify/alternatives"):
        found[_pair(name_of(row["one"]), name_of(row["other"]))] = "they are alternatives"
    nothing = grounds.evaluator.rows([{}])[0]
    for planned, rows in grounds.plans().items():
        for action, bearing in grounds.rules.items():
            for rule, criteria in bearing.items():
                columns = [grounds.evaluator.column["criterion", name] for name in criteria]
                raised = any(((row[columns] == MET) & (nothing[columns] != MET)).any() for row in rows)
                if strengths.way.get(rule) == "bars" and raised and action != planned:
                    found.setdefault(_pair(planned, action), f"{rule} looks at the plan")
    return {pair: why for pair, why in sorted(found.items()) if set(pair) <= strengths.offered}


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def together(everything: dict[str, ActionStates], pair: tuple[str, str], why: str) -> PairStates:
    """Look at all states of two actions together."""
    grounds = everything[pair[0]].grounds
    lists = {grounds.courses, grounds.declined}
    features = {f for action in pair for f in grounds.features_of(action) if f[0] not in lists}
    settling = {fact for action in pair for fact in grounds.settling(action)}
    grid = Grid(grounds, sorted(features), settling)
    offered = np.broadcast_to(np.ones((), dtype=bool), grid.shape)
    for action in pair:
        offered = offered & np.isin(everything[action].rules_number(grid), everything[action].offering())
    offered = offered & grid.sound
    witness = grid.patient(grid.at(int(np.argmax(offered)))) if offered.any() else None
    return PairStates(pair, why, grid.combinations, int(grid.sound.sum()), int(offered.sum()), witness)


def shown(value: object) -> str:
    """Return a value as a reader would write it; of a course of treatment what it says, in order."""
    if isinstance(value, list):
        return ", ".join(map(shown, value))
    if isinstance(value, dict):
        return " ".join(map(str, value.values()))
    return f"{value:g}" if isinstance(value, float) else str(value)
