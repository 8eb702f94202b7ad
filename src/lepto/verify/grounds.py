"""What rests on what: which rules bear on an action, which criteria a rule reads, which facts decide a criterion.

Everything here is the answer to a query of `queries/verify/`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from pyoxigraph import Quad, Store, Triple

from lepto.errors import KnowledgeError
from lepto.space import Facts, Interval, Space, numbers
from lepto.verify.evaluate import MET, Codes, Evaluator, Feature, ask, name_of


class Grounds:
    """The dependences that the knowledge declares, and the space of patients that they read.

    In: an evaluator. `space`: the values of every fact; `courses`, `declined`: the names of the two lists; `rules`: for
    every action the rules that bear on it, each with its criteria; `reads`: for every criterion the facts of a patient
    that decide it; `parts`: for every criterion itself and all of which it is made; `settled`: for every ask that falls
    once its fact is stated, that fact.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.knowledge = evaluator.knowledge
        self.space = Space(self.knowledge, _accepted(evaluator))
        self.courses = self.space.course_list
        self.declined = next(n for n, f in self.knowledge.facts.items() if f.many and not f.nested and not f.of_course)
        self.rules: dict[str, dict[str, set[str]]] = {}
        self.reads: dict[str, set[str]] = {}
        for row in ask(self.knowledge, self.knowledge.store, "verify/rests-on"):
            action, rule, criterion = name_of(row["action"]), name_of(row["rule"]), name_of(row["criterion"])
            self.rules.setdefault(action, {}).setdefault(rule, set()).add(criterion)
        for row in ask(self.knowledge, self.knowledge.store, "verify/reads"):
            self.reads.setdefault(name_of(row["criterion"]), set()).add(self.space.read_fact(name_of(row["fact"])))
        self.parts: dict[str, set[Feature]] = {}
        for row in ask(self.knowledge, self.knowledge.store, "verify/parts"):
            named = name_of(row["node"]) in self.reads
            part = ("criterion" if named else "part", name_of(row["node"]))
            self.parts.setdefault(name_of(row["criterion"]), set()).add(part)
        self.settled: dict[str, str] = {}
        for row in ask(self.knowledge, self.knowledge.store, "verify/settled-by-statement"):
            self.settled[name_of(row["rule"])] = self.space.read_fact(name_of(row["fact"]))

    def require(self, actions: Iterable[str]) -> None:
        """Raise KnowledgeError, naming the actions that there are, for one on which no rule bears."""
        for action in sorted(set(actions) - self.rules.keys()):
            raise KnowledgeError(f"no rule bears on {action}; the actions are {', '.join(sorted(self.rules))}")

    def facts_of(self, feature: Feature) -> set[str]:
        """Return the facts of a patient that decide a feature."""
        kind, name = feature
        return self.reads[name] if kind == "criterion" else {kind}

    def facts_in(self, feature: Feature, order: Sequence[str]) -> tuple[str, ...]:
        """Return the facts that decide a feature, in a given order."""
        return tuple(fact for fact in order if fact in self.facts_of(feature))

    def criteria_of(self, rule: str) -> list[Feature]:
        """Return the criteria on which a rule rests."""
        read = next(rules[rule] for rules in self.rules.values() if rule in rules)
        return [("criterion", name) for name in sorted(read)]

    def features_of(self, action: str) -> list[Feature]:
        """Return the features on which the verdict on an action depends."""
        criteria = {criterion for read in self.rules[action].values() for criterion in read}
        return [*(("criterion", name) for name in sorted(criteria)), (self.courses, action), (self.declined, action)]

    def settling(self, action: str) -> set[str]:
        """Return the facts of which it matters to an action that they are stated at all."""
        return {self.settled[rule] for rule in self.rules[action] if rule in self.settled}

    @cached_property
    def constraints(self) -> dict[str, tuple[str, ...]]:
        """The contradictions that the shapes find, each with the facts that it reads."""
        found: dict[str, set[str]] = {}
        for row in ask(self.knowledge, _store(self.evaluator.shapes), "verify/constraints"):
            found.setdefault(name_of(row["shape"]), set()).add(self.space.read_fact(name_of(row["fact"])))
        return {shape: tuple(sorted(facts)) for shape, facts in sorted(found.items())}

    def kinds_of_courses(self, actions: Iterable[str]) -> list[Facts]:
        """Return one course for all that no criterion, and no plan of these actions, can tell apart."""
        columns = [
            number
            for number, (kind, name) in enumerate(self.evaluator.features)
            if kind == "criterion" or (kind == self.courses and name in set(actions))
        ]
        kinds: dict[bytes, Facts] = {}
        for course, row in zip(*self._single_courses, strict=True):
            kinds.setdefault(row[columns].tobytes(), course)
        return list(kinds.values())

    def plans(self) -> dict[str, list[Codes]]:
        """Return for every action what holds of a patient in whose plan it is alone, as rows of features."""
        found: dict[str, list[Codes]] = {}
        for row in self._single_courses[1]:
            for action in self.rules:
                if row[self.evaluator.column[self.courses, action]] == MET:
                    found.setdefault(action, []).append(row)
        return found

    @cached_property
    def _single_courses(self) -> tuple[list[Facts], list[Codes]]:
        alone = [{self.courses: [course]} for course in self.space.courses]
        sound = [patient for patient, good in zip(alone, self.evaluator.sound(alone), strict=True) if good]
        return [patient[self.courses][0] for patient in sound], list(self.evaluator.rows(sound))


def _store(triples: Iterable[Triple]) -> Store:
    store = Store()
    store.extend(Quad(*triple) for triple in triples)
    return store


def _accepted(evaluator: Evaluator) -> dict[str, list[tuple[Interval, int | float]]]:
    """The intervals of numbers that the shapes accept, each with the first candidate in which they find least."""
    accepted: dict[str, list[tuple[Interval, int | float]]] = {}
    named: dict[str, set[str]] = {}
    for row in ask(evaluator.knowledge, _store(evaluator.shapes), "verify/named-numbers"):
        named.setdefault(name_of(row["fact"]), set()).add(row["number"].value)
    for name, interval, tried in numbers(evaluator.knowledge, named):
        found = evaluator.findings([{name: number} for number in tried])
        rated = [
            (len(findings), place)
            for place, findings in enumerate(found)
            if all(finding.severity != "violation" for finding in findings)
        ]
        if rated:
            accepted.setdefault(name, []).append((interval, tried[min(rated)[1]]))
    return accepted
