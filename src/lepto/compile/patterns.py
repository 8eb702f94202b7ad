"""The graph patterns under which a subject belongs to a class expression, and under which it cannot.

A criterion is *met* where its definition is entailed and *not met* where its negation is: facts are functional,
values differ and value classes are disjoint. Where neither pattern matches, it is unknown. A list, such as that of
treatment courses, can refute nothing by itself; a criterion on it is refuted only where a declared assumption denies
it.

Every pattern binds its subject by a triple before it filters: a filter in a group of its own does not see the groups
around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from pyoxigraph import Literal, NamedNode, Triple

from lepto.definition import And, Expression, Has, Named, Not, Or, Some, Stated, Within
from lepto.errors import KnowledgeError
from lepto.vocabulary import LEPTO, PATIENT, RDF_TYPE, TREATMENT_COURSE, XSD_BOOLEAN, XSD_INTEGER, local_name

RECORDS = (PATIENT, TREATMENT_COURSE)
# What nothing matches. It never stands inside another pattern: some engines overlook a filter that is constant.
NEVER = "FILTER(false)"
VALUE_TABLES = {"members": RDF_TYPE, "nonmembers": LEPTO + "cannotBe", "others": LEPTO + "differsFrom"}
OPPOSITE = {">=": "<", ">": "<=", "<=": ">", "<": ">="}


@dataclass(frozen=True)
class Values:
    """What the ontology says of named values: who belongs to a class, who cannot, and who differs from whom."""

    members: Mapping[str, tuple[str, ...]]
    nonmembers: Mapping[str, tuple[str, ...]]
    others: Mapping[str, tuple[str, ...]]

    def triples(self) -> Iterator[Triple]:
        """Yield the tables as triples, for patterns that look values up."""
        for table, predicate in VALUE_TABLES.items():
            for key, values in getattr(self, table).items():
                yield from (Triple(NamedNode(value), NamedNode(predicate), NamedNode(key)) for value in values)


@dataclass
class Patterns:
    """Writes patterns from definitions.

    In: the defined classes, what is known of values, the functional properties, and the classes that assumptions
    deny.
    """

    definitions: Mapping[str, Expression]
    values: Values
    functional: frozenset[str]
    denied: frozenset[str]
    _fresh: Iterator[int] = field(default_factory=count)

    # Belonging, and not belonging

    def met(self, expression: Expression, subject: str) -> str:
        """Return the pattern under which `subject` is entailed to belong to the expression."""
        match expression:
            case Named(iri) if iri in self.definitions:
                return self.met(self.definitions[iri], subject)
            case Named(iri):
                return f"{subject} a <{iri}> ."
            case And(parts):
                return join(self.met(part, subject) for part in parts)
            case Or(parts):
                return union(self.met(part, subject) for part in parts)
            case Not(part):
                return self.not_met(part, subject) or NEVER
            case Some(prop, Named(iri) as filler) if not self.is_record(filler):
                return self._valued(subject, prop, "members", iri)
            case Some(prop, filler):
                variable = self._variable()
                return join((f"{subject} <{prop}> {variable} .", self.met(filler, variable)))
            case Has(prop, value):
                return self._boolean(prop, value, subject, True) or f"{subject} <{prop}> {value} ."
            case Within(prop, datatype, limits):
                variable = self._variable()
                test = " && ".join(f"{variable} {operator} {bound}" for operator, bound in limits)
                return f"{subject} <{prop}> {variable} . {self._where_number(variable, datatype, test)}"
            case Stated(prop):
                return f"{subject} <{prop}> {self._variable()} ."

    def not_met(self, expression: Expression, subject: str) -> str | None:
        """Return the pattern under which `subject` is entailed not to belong, or None where nothing could show it."""
        refutations = self.refutations(expression, subject)
        return union(refutations) if refutations else None

    def refutations(self, expression: Expression, subject: str) -> list[str]:
        """Return the patterns of which any one shows that `subject` does not belong."""
        match expression:
            case Named(iri) if iri in self.definitions:
                return [*self.refutations(self.definitions[iri], subject), *self._assumed(iri, subject)]
            case And(parts):
                return [pattern for part in parts for pattern in self.refutations(part, subject)]
            case Or(parts):
                each = [self.not_met(part, subject) for part in parts]
                return [join(pattern for pattern in each if pattern)] if all(each) else []
            case Not(part):
                found: str | None = self.met(part, subject)
            case Some(prop, filler) if prop in self.functional:
                found = self._unfilled(prop, filler, subject)
            case Has(prop, value) if prop in self.functional:
                found = self._other(prop, value, subject)
            case Within(prop, datatype, limits) if prop in self.functional:
                variable = self._variable()
                test = " || ".join(f"{variable} {OPPOSITE[operator]} {bound}" for operator, bound in limits)
                found = f"{subject} <{prop}> {variable} . {self._where_number(variable, datatype, test)}"
            case _:
                found = None
        return [found] if found and found != NEVER else []

    def silent(self, iri: str, subject: str) -> str:
        """Return the filters under which a record is silent on a denied class, so that its assumption applies.

        On a list that is: no entry is left that might be what the class speaks of.
        """
        if of_list := self.list_of(iri):
            return without(self.not_ruled_out(of_list, subject, self._variable()))
        definition = self.definitions[iri]
        return without(self.met(definition, subject), *self.refutations(definition, subject))

    def list_of(self, iri: str) -> Some | None:
        """Return the first thing that a class says of a list, or None where it says nothing of any."""
        definition = self.definitions[iri]
        for part in definition.parts if isinstance(definition, And) else ():
            if isinstance(part, Some) and part.property not in self.functional:
                return part
        return None

    def not_ruled_out(self, restriction: Some, subject: str, entry: str) -> str:
        """Return the pattern of an entry of a list that meets, or might meet, what a restriction says of it."""
        ruled_out = without(*self.refutations(restriction.filler, entry))
        return f"{subject} <{restriction.property}> {entry} . {ruled_out}"

    def deciding_values(self, expression: Expression) -> Iterator[tuple[str, str, str]]:
        """Yield (standing, property, value) for a restriction on a functional fact that a named value decides by
        itself.
        """
        match expression:
            case Some(prop, Named(iri)) if prop in self.functional and not self.is_record(expression.filler):
                met, refuted = self.values.members.get(iri, ()), self.values.nonmembers.get(iri, ())
            case Has(prop, NamedNode() as value) if prop in self.functional:
                met, refuted = (value.value,), self.values.others.get(value.value, ())
            case _:
                return
        yield from (("meets", prop, value) for value in met)
        yield from (("doesNotMeet", prop, value) for value in refuted)

    # What a class is a class of

    def is_record(self, expression: Expression) -> bool:
        """Say whether an expression is about records (patients or courses) and not about named values."""
        match expression:
            case Named(iri) if iri in self.definitions:
                return self.is_record(self.definitions[iri])
            case Named(iri):
                return iri in RECORDS
            case And(parts):
                return any(self.is_record(part) for part in parts)
            case _:
                return False

    def is_criterion(self, iri: str) -> bool:
        """Say whether a class is a defined class of patients."""
        return iri in self.definitions and self.is_record(Named(iri)) and self.genus(iri) == PATIENT

    def genus(self, iri: str) -> str:
        """Return the class of records whose members a defined class sorts; KnowledgeError where it names none."""
        definition = self.definitions.get(iri)
        for part in definition.parts if isinstance(definition, And) else ():
            if isinstance(part, Named):
                return part.iri if part.iri in RECORDS else self.genus(part.iri)
        raise KnowledgeError(
            f"{local_name(iri)} does not say of what it is a class: an intersection begins with its genus"
        )

    # Parts

    def _assumed(self, iri: str, subject: str) -> Iterator[str]:
        """The pattern under which an assumption denies a class."""
        if iri in self.denied:
            yield f"{subject} <{LEPTO}assumedNot> <{iri}> ."

    def _unfilled(self, prop: str, filler: Expression, subject: str) -> str | None:
        if isinstance(filler, Named) and not self.is_record(filler):
            nonmember = self._valued(subject, prop, "nonmembers", filler.iri)
            return None if nonmember == NEVER else nonmember
        variable = self._variable()
        refuted = self.not_met(filler, variable)
        return f"{subject} <{prop}> {variable} . {refuted}" if refuted and refuted != NEVER else None

    def _other(self, prop: str, value: NamedNode | Literal, subject: str) -> str | None:
        if isinstance(value, NamedNode):
            other = self._valued(subject, prop, "others", value.value)
            return None if other == NEVER else other
        return self._boolean(prop, value, subject, False)

    def _boolean(self, prop: str, value: NamedNode | Literal, subject: str, same: bool) -> str | None:
        """The pattern of a property that has this truth value, or the other one; None for what is no truth value.

        By its text, for engines differ in what they call equal to true: Virtuoso the integer 1, Jena not "1".
        """
        if isinstance(value, NamedNode) or value.datatype.value != XSD_BOOLEAN:
            return None
        variable = self._variable()
        texts = '"true", "1"' if (value.value in ("true", "1")) == same else '"false", "0"'
        test = f"DATATYPE({variable}) = <{XSD_BOOLEAN}> && STR({variable}) IN ({texts})"
        return f"{subject} <{prop}> {variable} . FILTER({test})"

    def _valued(self, subject: str, prop: str, table: str, key: str) -> str:
        """The pattern of a property whose value is in one table of values, looked up in the knowledge."""
        if not getattr(self.values, table).get(key):
            return NEVER
        variable = self._variable()
        return f"{subject} <{prop}> {variable} . {variable} <{VALUE_TABLES[table]}> <{key}> ."

    def _where_number(self, variable: str, datatype: str, test: str) -> str:
        """Guard a comparison. An integer is a decimal."""
        typed = f"= <{XSD_INTEGER}>" if datatype == XSD_INTEGER else f"IN (<{datatype}>, <{XSD_INTEGER}>)"
        return f"FILTER(DATATYPE({variable}) {typed} && {test})"

    def _variable(self) -> str:
        return f"?v{next(self._fresh)}"


def join(patterns: Iterable[str]) -> str:
    """Return the pattern that matches where all of the patterns do."""
    parts = list(patterns)
    return NEVER if NEVER in parts else " ".join(parts)


def union(patterns: Iterable[str]) -> str:
    """Return the pattern that matches where one of the patterns does."""
    alternatives = [pattern for pattern in patterns if pattern != NEVER]
    if len(alternatives) < 2:
        return alternatives[0] if alternatives else NEVER
    return " UNION ".join(f"{{ {pattern} }}" for pattern in alternatives)


def without(*patterns: str) -> str:
    """Return the filters under which none of the patterns matches.

    One filter for each: inside an EXISTS, rdflib forgets what is bound outside where a filter stands in a union.
    """
    return " ".join(f"FILTER NOT EXISTS {{ {pattern} }}" for pattern in patterns)
