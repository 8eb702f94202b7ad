"""The guideline as one SELECT over patients' records alone, in plain SPARQL 1.1.

A fact is read once, in an OPTIONAL of its own. A standing is then a word, bound to an expression of facts and of other
standings. Lists are looked at entry by entry in a subquery, of which only the best entry is kept.

Each layer of standings is a subquery of distinct rows around the layers on which it rests: otherwise Virtuoso writes
out, in place of a variable, what is bound to it, and again within that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pyoxigraph import Literal, NamedNode

from lepto.compile.nodes import named_in
from lepto.compile.patterns import OPPOSITE, RECORDS, Patterns
from lepto.definition import And, Expression, Has, Named, Not, Or, Some, Stated, Within
from lepto.vocabulary import LEPTO, PATIENT, XSD, XSD_BOOLEAN, XSD_INTEGER, local_name

HERE = "# VALUES ?patient { ... } may stand here, for some patients alone."
"""A line where the query begins with all patients; an engine that works from within spares itself the others."""
PREFIXES = {"lepto": LEPTO, "xsd": XSD}
NEVER, ALWAYS = "false", "true"
MET, OPEN, RULED_OUT = 2, 1, 0
"""What an entry of a list may be; the best of a list is the greatest."""


@dataclass(frozen=True)
class CompiledRule:
    """A rule as the compiler needs it: the criteria that must be met, its pathways' among them, those that must be
    refuted, and the facts that must not be stated.
    """

    iri: str
    needs: tuple[str, ...]
    yields_to: tuple[str, ...]
    answered_by: tuple[str, ...]


class Told(NamedTuple):
    """The expressions that are true where something is met, and where it is refuted: never both of one record."""

    met: str
    refuted: str


def portable(patterns: Patterns, criteria: tuple[str, ...], rules: tuple[CompiledRule, ...]) -> str:
    """Return the query: a row for every patient, a column for every criterion and every rule."""
    patient = Subject(patterns, "?patient")
    for iri in criteria:
        patient.standing(iri)
    standings = {rule.iri: patient.standing_of_rule(rule) for rule in rules}
    columns = " ".join(f"?{local_name(iri)}" for iri in (*criteria, *standings))
    return _shortened(
        "# The standings of every criterion and every rule for every patient.",
        "# Research software, not a medical device.",
        *(f"PREFIX {prefix}: <{namespace}>" for prefix, namespace in PREFIXES.items()),
        f"SELECT ?patient {columns}",
        "WHERE {",
        *patient.layered([HERE, f"?patient a <{PATIENT}> .", *patient.reads()]),
        *(bound(expression, iri) for iri, expression in standings.items()),
        "}",
        "ORDER BY ?patient",
    )


@dataclass
class Subject:
    """A patient, an entry of a list or a value, and what is read of it: all that its expressions turn out to need."""

    patterns: Patterns
    variable: str
    facts: dict[str, Subject] = field(default_factory=dict)
    lists: dict[str, Subject] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    ranks: dict[Told, str] = field(default_factory=dict)

    # What is said of it

    def standing(self, iri: str) -> Told:
        """Say when a defined class of records is met and refuted: its word is bound once."""
        if iri not in self.words:
            definition = self.patterns.definitions[iri]
            met, refuted, otherwise = *self.told(definition), "unknown"
            if iri in self.patterns.denied:
                if of_list := self.patterns.list_of(iri):
                    refuted = any_of((refuted, f"{self._rank(of_list)} = {RULED_OUT}"))
                else:
                    refuted, otherwise = NEVER, "not-met"
            self.levels[iri] = 1 + max((self.levels.get(name, 0) for name in named_in(definition)), default=0)
            self.words[iri] = word(met, refuted, otherwise)
        return words(iri)

    def standing_of_rule(self, rule: CompiledRule) -> str:
        """Return the expression of a rule's word: it falls by one criterion, or by an answer, and stands by all."""
        told = [*map(words, rule.needs), *(Told(*reversed(words(iri))) for iri in rule.yields_to)]
        answered = (f"BOUND({self._fact(fact).variable})" for fact in rule.answered_by)
        falls = any_of((*(one.refuted for one in told), *answered))
        return f'IF({falls}, "not-met", IF({all_of(one.met for one in told)}, "met", "unknown"))'

    def told(self, expression: Expression) -> Told:
        """Say when it belongs to a class expression, and when it cannot."""
        match expression:
            case Named(iri) if self.patterns.is_record(expression):
                return Told(ALWAYS, NEVER) if iri in RECORDS else self.standing(iri)
            case Named(iri):
                values = self.patterns.values
                return Told(*(self._in(table.get(iri, ())) for table in (values.members, values.nonmembers)))
            case And(parts):
                told = [self.told(part) for part in parts]
                return Told(all_of(one.met for one in told), any_of(one.refuted for one in told))
            case Or(parts):
                told = [self.told(part) for part in parts]
                return Told(any_of(one.met for one in told), all_of(one.refuted for one in told))
            case Not(part):
                return Told(*reversed(self.told(part)))
            case _ if expression.property in self.patterns.functional:
                return self._fact(expression.property).valued(expression)
            case _:
                return Told(f"{self._rank(expression)} = {MET}", NEVER)

    def valued(self, restriction: Some | Has | Within | Stated) -> Told:
        """Say when it, as a value of the property, is what a restriction asks for."""
        match restriction:
            case Some(_, filler):
                return self.told(filler)
            case Has(_, NamedNode() as value):
                return Told(self._in((value.value,)), self._in(self.patterns.values.others.get(value.value, ())))
            case Has(_, Literal() as value) if value.datatype.value == XSD_BOOLEAN:
                texts = sorted((("true", "1"), ("false", "0")), key=lambda texts: value.value not in texts)
                return Told(*map(self._boolean, texts))
            case Has(_, value):
                return Told(sure(f"sameTerm({self.variable}, {value})"), NEVER)
            case Within(_, datatype, limits):
                met = (f"{self.variable} {operator} {bound}" for operator, bound in limits)
                refuted = (f"{self.variable} {OPPOSITE[operator]} {bound}" for operator, bound in limits)
                return Told(self._number(datatype, all_of(met)), self._number(datatype, any_of(refuted)))
            case _:
                return Told(f"BOUND({self.variable})", NEVER)

    def _in(self, iris: tuple[str, ...]) -> str:
        """One value alone is no list: Virtuoso fails on IN with a list of one."""
        if len(iris) < 2:
            return sure(f"{self.variable} = <{iris[0]}>") if iris else NEVER
        return sure(f"{self.variable} IN ({', '.join(f'<{iri}>' for iri in iris)})")

    def _boolean(self, texts: tuple[str, str]) -> str:
        """By its text, for engines differ in what they call equal to true: Virtuoso the integer 1, Jena not "1"."""
        listed = ", ".join(f'"{text}"' for text in texts)
        return sure(f"DATATYPE({self.variable}) = <{XSD_BOOLEAN}> && STR({self.variable}) IN ({listed})")

    def _number(self, datatype: str, test: str) -> str:
        """Guard a comparison. An integer is a decimal.

        Some engines call an ill-typed number greater than any other, and others break off: hence the text is looked at
        too. IF, because not every engine leaves the second part of a conjunction alone once the first is false.
        """
        if datatype == XSD_INTEGER:
            typed, lexical = f"= <{XSD_INTEGER}>", "[0-9]+"
        else:
            typed, lexical = f"IN (<{datatype}>, <{XSD_INTEGER}>)", "([0-9]+([.][0-9]*)?|[.][0-9]+)"
        guard = f'DATATYPE({self.variable}) {typed} && REGEX(STR({self.variable}), "^[+-]?{lexical}$")'
        return sure(f"IF({guard}, {test}, false)")

    # What is read of it

    def _fact(self, property_: str) -> Subject:
        return self.facts.setdefault(property_, self._below(property_))

    def _rank(self, restriction: Some | Has | Within | Stated) -> str:
        """The best entry of a list, by what a restriction says of entries."""
        entry = self.lists.setdefault(restriction.property, self._below(restriction.property))
        told = entry.valued(restriction)
        return f"COALESCE({entry.ranks.setdefault(told, f'{entry.variable}_{len(entry.ranks) + 1}')}, {RULED_OUT})"

    def _below(self, property_: str) -> Subject:
        prefix = "?" if self.variable == "?patient" else f"{self.variable}_"
        return Subject(self.patterns, prefix + local_name(property_))

    def reads(self) -> Iterator[str]:
        """Yield the lines that read its facts, and the best of its lists."""
        for property_, value in self.facts.items():
            lines = [f"{self.variable} <{property_}> {value.variable} .", *value.lines()]
            yield from enclosed("OPTIONAL {", lines, "}")
        for property_, entry in self.lists.items():
            best = " ".join(f"(MAX({ranked(told)}) AS {variable})" for told, variable in entry.ranks.items())
            here = [HERE] if self.variable == "?patient" else []
            lines = [*here, f"{self.variable} <{property_}> {entry.variable} .", *entry.lines()]
            opening = f"OPTIONAL {{ SELECT {self.variable} {best} WHERE {{"
            yield from enclosed(opening, lines, f"}} GROUP BY {self.variable} }}")

    def lines(self) -> Iterator[str]:
        """Yield the lines that read it and bind its standings, where these rest on few others."""
        yield from self.reads()
        yield from (bound(expression, iri) for iri, expression in self.words.items())

    def layered(self, lines: Iterable[str]) -> list[str]:
        """Return lines with the standings bound around them, layer by layer."""
        for level in sorted(set(self.levels.values())):
            layer = [bound(expression, iri) for iri, expression in self.words.items() if self.levels[iri] == level]
            lines = enclosed("{ SELECT DISTINCT * WHERE {", [*lines, *layer], "} }")
        return list(lines)


def bound(expression: str, iri: str) -> str:
    """Return the line that binds the standing of a class or a rule."""
    return f"BIND({expression} AS ?{local_name(iri)})"


def enclosed(opening: str, lines: Iterable[str], closing: str) -> list[str]:
    """Return lines within brackets: in one line where there is but one."""
    inner = list(lines)
    return [f"{opening} {inner[0]} {closing}"] if len(inner) == 1 else [opening, *(f"  {x}" for x in inner), closing]


# Expressions


def all_of(expressions: Iterable[str]) -> str:
    """Return the expression that is true where all of some are."""
    parts = [one for one in expressions if one != ALWAYS]
    return NEVER if NEVER in parts else _joined(" && ", parts) or ALWAYS


def any_of(expressions: Iterable[str]) -> str:
    """Return the expression that is true where one of some is."""
    parts = [one for one in expressions if one != NEVER]
    return ALWAYS if ALWAYS in parts else _joined(" || ", parts) or NEVER


def _joined(operator: str, parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return operator.join(f"({part})" if " || " in part or " && " in part else part for part in parts)


def sure(expression: str) -> str:
    """Return the expression that is false where what it looks at is not stated, and not an error.

    For rdflib takes an error and a falsehood together for an error.
    """
    return f"COALESCE({expression}, false)"


def word(met: str, refuted: str, otherwise: str) -> str:
    """Return the expression of a standing."""
    unmet = f'"{otherwise}"' if refuted == NEVER else f'IF({refuted}, "not-met", "{otherwise}")'
    return f'IF({met}, "met", {unmet})'


def words(iri: str) -> Told:
    """Return the tests for the standing of a class."""
    return Told(*(f'?{local_name(iri)} = "{standing}"' for standing in ("met", "not-met")))


def ranked(told: Told) -> str:
    """Return the expression of what an entry of a list is."""
    return f"IF({told.met}, {MET}, IF({told.refuted}, {RULED_OUT}, {OPEN}))"


def _shortened(*lines: str) -> str:
    """The text of a query, with its IRIs written by prefix."""
    text = "\n".join((*lines, ""))
    for prefix, namespace in PREFIXES.items():
        text = re.sub(rf"<{re.escape(namespace)}(\w+)>", rf"{prefix}:\1", text)
    return text
