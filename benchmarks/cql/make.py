"""The guideline as one CQL library over FHIR R4 charts, made from the ontology.

    python -m benchmarks.cql.make > InitialTreatment.cql

CQL's true, false and null are met, not met and unknown. A criterion is its definition, a rule the conjunction of what
it rests on, a verdict what `queries/derive/` says. `Verdicts` is what to ask for: of every action a text such as
"recommended" or "against avoid", or null where nothing is said of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from benchmarks.charts import PERIODS, STATES, SYSTEM
from lepto.cohort.resolution import Resolution
from lepto.definition import And, Expression, Has, Named, Not, Or, Some, Stated, Within
from lepto.errors import KnowledgeError
from lepto.facts import Fact
from lepto.knowledge import Knowledge, load
from lepto.vocabulary import LEPTO, PATIENT, TREATMENT_COURSE, XSD_BOOLEAN, XSD_INTEGER, local_name

READ = {XSD_BOOLEAN: "(%s as FHIR.boolean).value", XSD_INTEGER: "(%s as FHIR.integer).value"}
CODE = "%s.coding[0].code.value"
CODED = CODE % "(%s as FHIR.CodeableConcept)"
COUNTED = "(%s as FHIR.Quantity).value.value"
RETRIEVED = "%s O where O.status.value = 'final'"
UNFINISHED = LEPTO + "UnfinishedStatus"


def library(knowledge: Knowledge, *, retrieves: bool = True) -> str:
    """Return the text of the library.

    In: whether each fact is retrieved by its code, as quality measures are written. Otherwise the observations are
    retrieved once: several times faster, since cql-exec-fhir wraps every resource anew for every retrieve.
    """
    return "\n".join(_Library(knowledge, retrieves).lines()) + "\n"


@dataclass
class _Library:
    knowledge: Knowledge
    retrieves: bool

    def __post_init__(self) -> None:
        self.rules = Resolution(self.knowledge)
        self.values = self.knowledge.values
        denials = self.knowledge.store.quads_for_pattern(None, NamedNode(LEPTO + "denies"), None, None)
        self.denied = {denial.object for denial in denials}

    def lines(self) -> Iterator[str]:
        """Yield the library, line by line."""
        facts = {name: fact for name, fact in self.knowledge.facts.items() if not fact.of_course and not fact.nested}
        yield f"library InitialTreatment version '{self.knowledge.version}'"
        yield "using FHIR version '4.0.1'"
        yield f"codesystem \"FactCodes\": '{SYSTEM}'"
        for name in facts:
            yield f'code "{name} code": \'{name}\' from "FactCodes"'
        yield "context Patient"
        read = f"code: {CODE % 'O.code'}, value: O.value"
        yield _define("Entries", f"{RETRIEVED % '[Observation]'} return Tuple {{ {read} }}")
        for fact in facts.values():
            yield _define(fact.name, self._fact(fact))
        yield _define("Courses", " union ".join(f"({_courses(resource)})" for resource in PERIODS))
        unfinished = _listed(local_name(iri) for iri in self.values.members[UNFINISHED])
        yield _define("Planned", f'"Courses" C where C.courseStatus in {unfinished} return C.treatment')
        for iri in _in_order(self.knowledge):
            yield _define(local_name(iri), self._criterion(iri))
        for rule in self.rules.rules:
            yield _define(rule, self._rule(rule))
        for action in self.rules.actions:
            yield from self._about(action)
        verdicts = ", ".join(f'{action}: "{action}"' for action in self.rules.actions)
        yield _define("Verdicts", f"Tuple {{ {verdicts} }}")

    # Facts

    def _fact(self, fact: Fact) -> str:
        reading = CODED if fact.datatype is None else READ.get(fact.datatype, COUNTED)
        by_code = RETRIEVED % f'[Observation: "{fact.name} code"]'
        entries = by_code if self.retrieves else f"\"Entries\" O where O.code = '{fact.name}'"
        return f"({entries} return {reading % 'O.value'})" if fact.many else reading % f"First({entries}).value"

    # Criteria

    def _criterion(self, iri: str) -> str:
        definition = self.knowledge.definitions[iri]
        parts = definition.parts if isinstance(definition, And) else (definition,)
        own = [part for part in parts if part != Named(PATIENT)]
        lists = [
            part for part in own if isinstance(part, Some) and self.knowledge.facts[local_name(part.property)].nested
        ]
        if lists and own == lists[:1]:
            return self._of_courses(lists[0], denied=NamedNode(iri) in self.denied)
        if lists:
            raise KnowledgeError(
                f"{local_name(iri)} says something of courses and something else; CQL is not made of that"
            )
        body = self._all(own, None)
        return f"Coalesce({body}, false)" if NamedNode(iri) in self.denied else body

    def _of_courses(self, part: Some, *, denied: bool) -> str:
        """A list meets by one entry; it refutes only where its silence is read, and nothing is left open."""
        meets = self._expression(part.filler, "C")
        left = "false" if denied else "null"
        open_ = f'when exists ("Courses" C where ({meets}) is null) then null else {left}'
        return f'case when exists ("Courses" C where {meets}) then true {open_} end'

    def _expression(self, expression: Expression, course: str | None) -> str:
        match expression:
            case Named(iri) if course and iri in self.knowledge.definitions:
                body = self._expression(self.knowledge.definitions[iri], course)
                return f"Coalesce({body}, false)" if NamedNode(iri) in self.denied else body
            case Named(iri):
                return f'"{local_name(iri)}"'
            case And(parts):
                return self._all([part for part in parts if part != Named(TREATMENT_COURSE)], course)
            case Or(parts):
                return f"({' or '.join(self._expression(part, course) for part in parts)})"
            case Not(part):
                return f"(not {self._expression(part, course)})"
            case Some(prop, Named(iri)):
                return _among(_of(prop, course), self.values.members.get(iri, ()), self.values.nonmembers.get(iri, ()))
            case Has(prop, Literal() as value):
                return f"({_of(prop, course)} = {value.value})"
            case Has(prop, value):
                assert not isinstance(value, Literal)
                return _among(_of(prop, course), [value.value], self.values.others.get(value.value, ()))
            case Within(prop, _, limits):
                return f"({' and '.join(f'{_of(prop, course)} {operator} {bound}' for operator, bound in limits)})"
            case Stated(prop):
                return f"(case when {_of(prop, course)} is not null then true else null end)"
            case _:
                raise KnowledgeError(f"no CQL is made of {expression}")

    def _all(self, parts: Iterable[Expression], course: str | None) -> str:
        return f"({' and '.join(self._expression(part, course) for part in parts)})"

    # Rules and verdicts

    def _rule(self, rule: str) -> str:
        needs = [f'"{criterion}"' for criterion in sorted(self.rules.needs[rule])]
        yields = [f'not "{criterion}"' for criterion in sorted(self.rules.yields_to[rule])]
        silent = [f'"{fact}" is null' for fact in sorted(self.rules.settled_by[rule])]
        return " and ".join((*needs, *yields, *silent))

    def _alive(self, rule: str, action: str) -> str:
        overriding = (other for other, rules in self.rules.overrides.items() if rule in rules)
        set_aside = [f'"{other}" is true' for other in sorted(overriding)]
        declined = f'exists ("declinedTreatment" D where D in {_listed(sorted(self.rules.falls_under[action]))})'
        return " and ".join((f'"{rule}" is not false', *(f"not ({one})" for one in (*set_aside, declined))))

    def _about(self, action: str) -> Iterator[str]:
        """Yield what is said of an action, and what that rests on."""
        offers, bars = sorted(self.rules.offers.get(action, ())), self._bars_on(action)
        asks = [ask for ask in sorted(self.rules.decides.get(action, ())) if ask in self.rules.blocking]
        for offer in offers:
            yield _define(f"{offer} is alive", self._alive(offer, action))
        told = "true" if action in self.rules.bars else f"'{action}' in \"Planned\""
        yield _define(f"{action} is offered", _any(f'"{offer} is alive"' for offer in offers))
        yield _define(f"{action} is barred", _any(f'"{bar}" is true' for bar in bars))
        yield _define(f"{action} may be barred", _any(f'"{bar}" is null' for bar in bars))
        yield _define(f"{action} is held", _any(f'"{ask}" is true' for ask in asks))
        cases: list[tuple[str, str | None]] = [
            (f'({said}) and ("{action} is offered" or {told})', f"against {notation}")
            for said, notation in self._by_strength(bars, '"{0}" is true')
        ]
        waits = f'"{action} may be barred" or "{action} is held"'
        planned = f'\'{action}\' in "Planned" and "{action} may be barred"'
        stands = list(self._by_strength(offers, '("{0}" is true and "{0} is alive")'))
        cases += [(f'"{action} is barred"', None), (f'"{action} is offered" and ({waits})', "undetermined"), *stands]
        cases += [(f'"{action} is offered" or ({planned})', "undetermined")]
        yield _define(
            action, f"case {' '.join(f'when {when} then {_text(then)}' for when, then in cases)} else null end"
        )

    def _by_strength(self, rules: Iterable[str], said: str) -> Iterator[tuple[str, str]]:
        """Yield under which condition some rule of each strength speaks, the severest first."""
        for strength, notation in zip(self.rules.strengths, self.rules.notations, strict=True):
            speaking = [said.format(rule) for rule in rules if self.rules.strength[rule] == strength]
            if speaking:
                yield _any(speaking), notation

    def _bars_on(self, action: str) -> list[str]:
        return sorted({bar for general in self.rules.falls_under[action] for bar in self.rules.bars.get(general, ())})


def _in_order(knowledge: Knowledge) -> Iterator[str]:
    """The criteria, each after those that it names."""
    done: dict[str, None] = {}

    def visit(iri: str) -> None:
        if iri not in done:
            for other in _named(knowledge.definitions[iri]):
                if other in knowledge.compiled.criteria:
                    visit(other)
            done[iri] = None

    for iri in knowledge.compiled.criteria:
        visit(iri)
    yield from done


def _named(expression: Expression) -> Iterator[str]:
    match expression:
        case Named(iri):
            yield iri
        case And(parts) | Or(parts):
            for part in parts:
                yield from _named(part)
        case Not(part):
            yield from _named(part)


# How a chart is read


def _courses(resource: str) -> str:
    states = {status: state for state, (name, status) in STATES.items() if name == resource}
    cases = " ".join(f"when '{status}' then '{state}'" for status, state in states.items())
    period = f"(R.{PERIODS[resource].removesuffix('Period')} as FHIR.Period)"
    read = {
        "treatment": CODE % "R.code",
        "courseStatus": f"case R.status.value {cases} else null end",
        "targetSite": CODE % "R.bodySite[0]",
        "startDate": f"{period}.start.value",
        "endDate": f"{period}.end.value",
    }
    return f"[{resource}] R return Tuple {{ {', '.join(f'{name}: {path}' for name, path in read.items())} }}"


# How CQL is written


def _define(name: str, body: str) -> str:
    return f'define "{name}":\n  {body}'


def _of(prop: str, course: str | None) -> str:
    return f"{course}.{local_name(prop)}" if course else f'"{local_name(prop)}"'


def _among(value: str, members: Iterable[str], others: Iterable[str]) -> str:
    """Whether a value is one of some; null where it is neither of these nor of the others."""
    cases = ((members, "true"), (others, "false"))
    listed = ((_listed(map(local_name, names)), then) for names, then in cases if names)
    return f"(case {' '.join(f'when {value} in {names} then {then}' for names, then in listed)} else null end)"


def _listed(names: Iterable[str]) -> str:
    return f"{{ {', '.join(map(_text, names))} }}"


def _any(parts: Iterable[str]) -> str:
    return " or ".join(parts) or "false"


def _text(text: str | None) -> str:
    return "null" if text is None else f"'{text}'"


if __name__ == "__main__":
    sys.stdout.write(library(load()))
