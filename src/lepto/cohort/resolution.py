"""From the standings of criteria to verdicts, over columns: `queries/derive/` for a million patients at once.

Every rule, bar and strength is read from the ontology. Each method says which query it follows, and the tests hold it
against that query over every kind of state that the guideline can tell apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from pyoxigraph import Literal, NamedNode, QuerySolutions

from lepto.cohort.arrays import Bits, Codes, Flags
from lepto.knowledge import Knowledge
from lepto.vocabulary import LEPTO, SKOS, local_name

NOT_MET, OPEN, MET = np.int8(0), np.int8(1), np.int8(2)
CODES = {"meets": MET, "doesNotMeet": NOT_MET}
"""What the properties say by which SPARQL derives standings; of whatever is left it leaves open."""
NOTHING, OFFERED, AGAINST, UNDETERMINED = range(4)


@dataclass(frozen=True)
class Standings:
    """What is known of some patients, a column a name: the `codes` of criteria, the facts that hold each open criterion
    open (`awaits`, a bit a fact), whether a fact is `stated`, an action `planned` or `declined`.
    """

    size: int
    codes: Mapping[str, Codes]
    awaits: Mapping[str, Bits]
    stated: Mapping[str, Flags]
    planned: Mapping[str, Flags]
    declined: Mapping[str, Flags]


@dataclass(frozen=True)
class Verdicts:
    """What is said of one action to some patients: the outcome, the number of its strength, the facts that it awaits (a
    bit a fact), and the rules behind it (a bit each of `rules`).
    """

    action: str
    rules: tuple[str, ...]
    outcome: NDArray[np.uint8]
    strength: NDArray[np.uint8]
    awaits: Bits
    behind: Bits


class Resolution:
    """The rules of the guideline, as the ontology has them.

    In: the knowledge. `facts` and `strengths` are what the bits and numbers of verdicts stand for, `criteria` what must
    be known of a patient, `actions` those on which a verdict can be given.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.facts = tuple(name for name, fact in knowledge.facts.items() if not fact.of_course)
        self.rules = tuple(sorted(set(self._pairs("partOfGuideline")) & self._instances("Rule")))
        self.needs, self.yields_to = self._pairs("needs"), self._pairs("yieldsTo")
        self.settled_by, self.enters = self._pairs("settledBy"), self._pairs("enters")
        self.own = {rule: {*self._pairs("requires")[rule], *self._pairs("unless")[rule]} for rule in self.rules}
        self.within, self.entry = self._closed("withinPathway"), self._pairs("entryCriterion")
        self.offers, self.bars = self._inverse("offers"), self._inverse("bars")
        self.decides, self.asks_for = self._inverse("decides"), self._pairs("asksFor")
        self.overrides, self.falls_under = self._pairs("overrides"), self._pairs("fallsUnder")
        self.outranks = self._pairs("outranks")
        self.strength = {rule: next(iter(found)) for rule, found in self._pairs("strength").items()}
        self.blocking = {name for name in self.rules if self._flag(name, "blocking")}
        self.strengths = tuple(sorted(set(self.strength.values()), key=lambda one: (-len(self.outranks[one]), one)))
        self.notations = [self._notation(one) for one in self.strengths]
        self.actions = tuple(sorted(action for action in self.falls_under if self._bearing(action)))
        self.criteria = tuple(sorted({c for rule in self.rules for c in (*self.needs[rule], *self.yields_to[rule])}))

    def verdicts(self, known: Standings, standing: Mapping[str, Codes] | None = None) -> Iterable[Verdicts]:
        """Yield the verdicts on every action; `standing` are the standings of rules where they are known already."""
        standing = standing or self.standings(known)
        alive = self._offers(known, standing)
        waits = {rule: self._waits(rule, known) for rule in self.rules}
        asked = {rule: self._bits(self.asks_for[rule]) for rule in self.rules}
        for action in self.actions:
            yield self._verdicts(action, known, standing, alive, waits, asked)

    # queries/derive/2-rules-not-met, 3-rules-open, 4-rules-met

    def standings(self, known: Standings) -> dict[str, Codes]:
        """Return the standing of every rule."""
        found = {}
        for rule in self.rules:
            needs = [known.codes[criterion] for criterion in self.needs[rule]]
            yields = [MET - known.codes[criterion] for criterion in self.yields_to[rule]]
            settled = _any(known.size, [known.stated[fact] for fact in self.settled_by[rule]])
            found[rule] = reduce(np.minimum, (*needs, *yields), np.where(settled, NOT_MET, MET))
        return found

    # queries/derive/5-offers

    def _offers(self, known: Standings, standing: Mapping[str, Codes]) -> dict[str, Flags]:
        overridden = self._turned(self.overrides)
        alive = {}
        for action, offers in self.offers.items():
            for offer in offers:
                set_aside = _any(known.size, [standing[other] == MET for other in overridden[offer]])
                alive[offer] = (standing[offer] != NOT_MET) & ~set_aside & ~known.declined[action]
        return alive

    # queries/derive/6-bars, 7-verdicts, 9-hanging, 10-awaited, queries/explain/because

    def _verdicts(
        self,
        action: str,
        known: Standings,
        standing: Mapping[str, Codes],
        alive: Mapping[str, Flags],
        waits: Mapping[str, Bits],
        asked: Mapping[str, int],
    ) -> Verdicts:
        size = known.size
        bars, offers = self._bars_on(action), sorted(self.offers.get(action, ()))
        asks = [ask for ask in sorted(self.decides.get(action, ())) if ask in self.blocking]
        barred = _any(size, [standing[bar] == MET for bar in bars])
        doubtful = _any(size, [standing[bar] == OPEN for bar in bars])
        held = _any(size, [standing[ask] == MET for ask in asks])
        offered = _any(size, [alive[offer] for offer in offers])
        sure = _any(size, [alive[offer] & (standing[offer] == MET) for offer in offers])
        against = barred & (offered | known.planned[action] | (action in self.bars))
        stands = sure & ~barred & ~doubtful & ~held
        open_ = (offered & ~barred & (doubtful | held | ~sure)) | (
            doubtful & known.planned[action] & ~barred & ~offered
        )
        # No two of these hold of one patient.
        outcome = np.uint8(AGAINST) * against + np.uint8(OFFERED) * stands + np.uint8(UNDETERMINED) * open_

        strength = np.zeros(size, dtype=np.uint8)
        for number in reversed(range(len(self.strengths))):
            speaking = [bar for bar in bars if self.strength[bar] == self.strengths[number]]
            strength[against & _any(size, [standing[bar] == MET for bar in speaking])] = number
            speaking = [offer for offer in offers if self.strength[offer] == self.strengths[number]]
            strength[stands & _any(size, [alive[o] & (standing[o] == MET) for o in speaking])] = number

        awaits = np.zeros(size, dtype=np.int64)
        for rule, hangs in self._hanging(action, known, standing, alive, offered):
            awaits |= waits[rule] * (open_ & hangs)
        for ask in asks:
            awaits |= np.int64(asked[ask]) * (open_ & (standing[ask] == MET))

        told = outcome != NOTHING
        rules = (*bars, *offers, *asks)
        behind = np.zeros(size, dtype=np.int64)
        for place, rule in enumerate(rules):
            if rule in bars:
                speaks = told & (~against | (standing[rule] == MET))
            elif rule in offers:
                speaks = alive[rule] & told & ~against
            else:
                speaks = open_ & (standing[rule] == MET)
            behind |= np.int64(1 << place) * speaks
        return Verdicts(action, rules, outcome, strength, awaits, behind)

    def _hanging(
        self,
        action: str,
        known: Standings,
        standing: Mapping[str, Codes],
        alive: Mapping[str, Flags],
        offered: Flags,
    ) -> Iterable[tuple[str, Flags]]:
        offers = sorted(self.offers.get(action, ()))
        for offer in offers:
            others = [alive[other] for other in self.overrides[offer] if other in offers]
            yield offer, alive[offer] & (standing[offer] == OPEN) & ~_any(known.size, others)
        come_in = _any(known.size, [alive[offer] & ~self._entry_open(offer, known) for offer in offers])
        for bar in self._bars_on(action):
            yield bar, (standing[bar] == OPEN) & (~offered | come_in)

    def _waits(self, rule: str, known: Standings) -> Bits:
        """The facts for which a rule waits: those that decide the entry; inside a pathway those of its own criteria."""
        bits = np.zeros(known.size, dtype=np.int64)
        for pathway in self.enters[rule]:
            around = [known.codes[c] == OPEN for outer in self.within[pathway] for c in self.entry[outer]]
            outside = _any(known.size, around)
            for criterion in self.entry[pathway]:
                bits |= known.awaits[criterion] * ((known.codes[criterion] == OPEN) & ~outside)
        inside = ~self._entry_open(rule, known)
        for criterion in self.own[rule]:
            bits |= known.awaits[criterion] * ((known.codes[criterion] == OPEN) & inside)
        return bits

    def _entry_open(self, rule: str, known: Standings) -> Flags:
        entries = {criterion for pathway in self.enters[rule] for criterion in self.entry[pathway]}
        return _any(known.size, [known.codes[criterion] == OPEN for criterion in sorted(entries)])

    # What the ontology says

    def _bars_on(self, action: str) -> list[str]:
        return sorted({bar for general in self.falls_under[action] for bar in self.bars.get(general, ())})

    def _bearing(self, action: str) -> bool:
        return bool(self.offers.get(action) or self._bars_on(action))

    def _bits(self, facts: Iterable[str]) -> int:
        return sum(1 << self.facts.index(fact) for fact in facts)

    def _pairs(self, name: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for quad in self.knowledge.store.quads_for_pattern(None, NamedNode(LEPTO + name), None, None):
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode):
                found[local_name(quad.subject.value)].add(local_name(quad.object.value))
        return found

    def _inverse(self, name: str) -> dict[str, set[str]]:
        return dict(self._turned(self._pairs(name)))

    @staticmethod
    def _turned(pairs: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for first, seconds in pairs.items():
            for second in seconds:
                found[second].add(first)
        return found

    def _closed(self, name: str) -> dict[str, set[str]]:
        answer = self.knowledge.store.query(f"SELECT ?x ?y {{ ?x <{LEPTO}{name}>+ ?y }}")
        assert isinstance(answer, QuerySolutions)
        found: dict[str, set[str]] = defaultdict(set)
        for row in answer:
            found[local_name(row["x"].value)].add(local_name(row["y"].value))
        return found

    def _instances(self, name: str) -> set[str]:
        return {local_name(iri) for iri in self.knowledge.values.members[LEPTO + name]}

    def _flag(self, name: str, property_: str) -> bool:
        quads = self.knowledge.store.quads_for_pattern(
            NamedNode(LEPTO + name), NamedNode(LEPTO + property_), None, None
        )
        return any(isinstance(quad.object, Literal) and quad.object.value == "true" for quad in quads)

    def _notation(self, strength: str) -> str:
        quads = self.knowledge.store.quads_for_pattern(
            NamedNode(LEPTO + strength), NamedNode(SKOS + "notation"), None, None
        )
        return next(quad.object.value for quad in quads if isinstance(quad.object, Literal))


def _any(size: int, flags: Iterable[Flags]) -> Flags:
    return reduce(np.logical_or, flags, np.zeros(size, dtype=np.bool_))
