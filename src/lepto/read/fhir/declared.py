"""What the ontology declares of health records: which entry states which fact.

Nothing here knows medicine: a declaration is conditions on an entry, and what an entry that meets them states.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, Store

from lepto.read.fhir.entries import Entry, Part
from lepto.vocabulary import LEPTO, RDF_TYPE, local_name

Node: TypeAlias = NamedNode | BlankNode
Stated: TypeAlias = Mapping[str, list[NamedNode | BlankNode | Literal]]

ASSUMING = frozenset({"AssumeAndConfirm", "AssumeAndSay"})
_CHANGE = re.compile(r"^[A-Z]+_?[0-9.]+(?:\([^)]*\))?:|[()\s]")


@dataclass(frozen=True)
class CodeSystem:
    """A code system: the URIs by which records cite it, what stands before a code in our IRIs and in records, and the
    form of its codes.
    """

    uris: tuple[str, ...]
    prefix: str
    in_records: str
    form: re.Pattern[str]

    def iri(self, code: str) -> str | None:
        """Return the IRI of a code as a record writes it; None where it is not written as codes of the system are."""
        bare = code.removeprefix(self.in_records)
        return self.prefix + bare if self.form.fullmatch(bare) else None


@dataclass(frozen=True)
class PartCondition:
    """What one component of an entry must be: one of these codes, with one of these answers, or a matching one."""

    codes: frozenset[str]
    answers: frozenset[str]
    pattern: re.Pattern[str] | None

    def holds(self, parts: Iterable[Part]) -> bool:
        """Say whether there is such a component, and every one that is coded like it meets the condition."""
        found = list(parts)
        return any(self.codes & part.codes for part in found) and self.holds_if_any(found)

    def holds_if_any(self, parts: Iterable[Part]) -> bool:
        """Say whether every component that is coded like it meets the condition."""
        return all(self._meets(part) for part in parts if self.codes & part.codes)

    def occurs(self, parts: Iterable[Part]) -> bool:
        """Say whether some component meets the condition."""
        return any(self.codes & part.codes and self._meets(part) for part in parts)

    def _meets(self, part: Part) -> bool:
        answered = not self.answers or bool(self.answers & part.answers)
        return answered and (self.pattern is None or any(self.pattern.fullmatch(_bare(text)) for text in part.texts))


@dataclass(frozen=True)
class Conditions:
    """Conditions on an entry; an empty one holds of every entry."""

    codes: frozenset[str]
    families: tuple[str, ...]
    answers: frozenset[str]
    routes: frozenset[str]
    other_routes: frozenset[str]
    sites: frozenset[str]
    any_sites: tuple[frozenset[str], ...]
    only_sites: frozenset[str]
    only_techniques: frozenset[str]
    no_answers: frozenset[str]
    only_parts: frozenset[str]
    specimens: frozenset[str]
    parts: tuple[PartCondition, ...]
    some_parts: tuple[PartCondition, ...]
    parts_if_any: tuple[PartCondition, ...]
    no_parts: tuple[PartCondition, ...]
    profiles: frozenset[str]
    statuses: frozenset[str]
    intents: frozenset[str]

    def are_about(self, entry: Entry) -> bool:
        """Say whether the entry, and its components, are coded as the conditions ask, whatever else it says."""
        is_coded = not self.codes.isdisjoint(entry.codes) or any(code.startswith(self.families) for code in entry.codes)
        if self.is_coded and not is_coded:
            return False
        return all(part.holds(entry.parts) for part in self.parts) and all(
            part.occurs(entry.parts) for part in self.some_parts
        )

    @cached_property
    def is_coded(self) -> bool:
        """Whether the conditions ask for a code."""
        return bool(self.codes or self.families)

    @property
    def sites_asked_for(self) -> bool:
        """Whether the conditions ask for a part of the body."""
        return bool(self.sites or self.any_sites or self.only_sites)

    def hold(self, entry: Entry) -> bool:
        """Say whether an entry meets all conditions."""
        return self.hold_whatever_answered(entry) and self.are_answered(entry)

    def are_answered(self, entry: Entry) -> bool:
        """Say whether an entry answers as the conditions ask."""
        return (not self.answers or bool(self.answers & entry.answers)) and not self.no_answers & (
            entry.answers | entry.remarks
        )

    def hold_whatever_answered(self, entry: Entry) -> bool:
        """Say whether an entry meets all conditions but those on its answer."""
        return (
            self.are_about(entry)
            and (not self.routes or bool(self.routes & entry.routes))
            and not self.other_routes & entry.routes
            and not (self.sites_asked_for and entry.has_unread_site)
            and self.sites <= entry.sites
            and all(some & entry.sites for some in self.any_sites)
            and (not self.only_sites or (bool(entry.sites) and entry.sites <= self.only_sites))
            and (not self.only_techniques or self._techniques_hold(entry))
            and (not self.only_parts or all(part.codes and part.codes <= self.only_parts for part in entry.parts))
            and (not self.specimens or bool(self.specimens & entry.specimens))
            and all(part.holds_if_any(entry.parts) for part in self.parts_if_any)
            and not any(part.occurs(entry.parts) for part in self.no_parts)
            and (not self.profiles or bool(self.profiles & entry.profiles))
            and (not self.statuses or entry.status in self.statuses)
            and (not self.intents or entry.intent in self.intents)
        )

    def _techniques_hold(self, entry: Entry) -> bool:
        return not entry.has_unread_technique and entry.techniques <= self.only_techniques


@dataclass(frozen=True)
class Reading:
    """Further conditions, and what an entry that meets them states: at most one of the fields beside `conditions`."""

    conditions: Conditions
    value: str | None
    unconfirmed: str | None
    refuted: str | None
    number: bool
    counted_in: str | None
    count_of_one: Decimal
    years: bool
    treatment: str | None
    too_little: str | None
    cannot_tell: str | None
    rules_out: str | None


@dataclass(frozen=True)
class Declaration:
    """An intake, a hazard or a reading of a status, as the ontology declares it."""

    name: str
    resources: frozenset[str]
    fact: str | None
    conditions: Conditions
    readings: tuple[Reading, ...]
    active_or_not: bool
    linked_from: str | None
    warning: str | None
    status: str | None
    denials: frozenset[str]
    unread_is_no_silence: bool
    outdates: frozenset[str]


@dataclass(frozen=True)
class Declared:
    """All that is declared: code systems by URI, declarations by kind, the order of values, policies."""

    systems: Mapping[str, CodeSystem]
    intakes: tuple[Declaration, ...]
    hazards: tuple[Declaration, ...]
    statuses: tuple[Declaration, ...]
    more_specific: Mapping[str, frozenset[str]]
    outweighing: Mapping[str, frozenset[str]]
    repeated: Mapping[str, str]
    combining: Mapping[str, frozenset[str]]
    policies: Mapping[str, str]
    whole: Mapping[str, frozenset[str]]
    general: Mapping[str, frozenset[str]]
    units: Mapping[str, str]
    shown: Mapping[str, str]
    sites: frozenset[str]
    ingredients: Mapping[str, str]
    assumed: frozenset[str]


def declared(store: Store) -> Declared:
    """Return what the ontology in a store declares of health records."""
    return _Reader(store).declared()


class _Reader:
    def __init__(self, store: Store) -> None:
        self.store = store

    def declared(self) -> Declared:
        return Declared(
            systems={uri: system for system in self._systems() for uri in system.uris},
            intakes=tuple(self._declarations("Intake")),
            hazards=tuple(self._declarations("Hazard")),
            statuses=tuple(self._declarations("StatusReading")),
            more_specific=self._many("lessSpecificThan"),
            outweighing=self._many("outweighedBy"),
            combining=self._many("combines"),
            whole=self._many("wholeOnSites"),
            repeated={key: min(values) for key, values in self._many("repeatedly").items()},
            policies={key: min(values) for key, values in self._many("whenSeveral").items()},
            general={key: values - {key} for key, values in self._many("fallsUnder").items()},
            units={key: min(values) for key, values in self._many("unit").items()},
            shown=dict(self._pairs("shownAs")),
            ingredients=dict(self._pairs("ingredient")),
            assumed=frozenset(name for name, policies in self._many("whenUnstated").items() if policies & ASSUMING),
            sites=frozenset(node.value for node in self._instances("TargetSite")),
        )

    def _systems(self) -> Iterator[CodeSystem]:
        for node in self._instances("CodeSystem"):
            stated = self._stated(node)
            yield CodeSystem(
                uris=(node.value, *_texts(stated, "alsoCitedAs")),
                prefix=_text(stated, "codeIriPrefix") or "",
                in_records=_text(stated, "codeTextPrefix") or "",
                form=re.compile(_text(stated, "codePattern") or ".+"),
            )

    def _declarations(self, kind: str) -> Iterator[Declaration]:
        for node in sorted(self._instances(kind), key=str):
            stated = self._stated(node)
            yield Declaration(
                name=local_name(node.value),
                resources=frozenset(_texts(stated, "fromResource")),
                fact=_name(stated, "intoFact"),
                conditions=self._conditions(stated),
                readings=tuple(self._reading(self._stated(one)) for one in sorted(_nodes(stated, "reads"), key=str)),
                active_or_not=_truth(stated, "whetherActiveOrNot"),
                linked_from=_name(stated, "preferablyLinkedFrom"),
                warning=_text(stated, "warns"),
                status=_name(stated, "asValue"),
                denials=_iris(stated, "deniedWhenAnswered"),
                unread_is_no_silence=_truth(stated, "unreadIsNoSilence"),
                outdates=frozenset(map(local_name, _iris(stated, "whenOverOutdates"))),
            )

    def _reading(self, stated: Stated) -> Reading:
        return Reading(
            conditions=self._conditions(stated),
            value=_name(stated, "asValue") or _text(stated, "asScore"),
            unconfirmed=_name(stated, "asValueUnconfirmed"),
            refuted=_name(stated, "asValueRefuted"),
            number=_truth(stated, "asNumber"),
            counted_in=_text(stated, "countedIn"),
            count_of_one=Decimal(_text(stated, "countOfOne") or 1),
            years=_truth(stated, "asCompletedYears"),
            treatment=_name(stated, "asTreatment"),
            too_little=_text(stated, "saysTooLittle"),
            cannot_tell=_text(stated, "cannotTell"),
            rules_out=_name(stated, "rulesOut"),
        )

    def _conditions(self, stated: Stated) -> Conditions:
        return Conditions(
            codes=_iris(stated, "coded"),
            families=tuple(sorted(_iris(stated, "codedUnder"))),
            answers=_iris(stated, "answered"),
            routes=_iris(stated, "byRoute"),
            other_routes=_iris(stated, "notByRoute"),
            sites=_iris(stated, "onSite"),
            any_sites=tuple(_iris(self._stated(node), "onSite") for node in _nodes(stated, "onAnySite")),
            only_sites=frozenset(
                site for node in _nodes(stated, "onlyOnSites") for site in _iris(self._stated(node), "onSite")
            ),
            only_techniques=_iris(stated, "onlyByTechnique"),
            no_answers=_iris(stated, "notAnswered"),
            only_parts=_iris(stated, "withNoPartBut"),
            specimens=_iris(stated, "ofSpecimen"),
            parts=tuple(self._part(node) for node in _nodes(stated, "withPart")),
            some_parts=tuple(self._part(node) for node in _nodes(stated, "withSomePart")),
            parts_if_any=tuple(self._part(node) for node in _nodes(stated, "withPartIfAny")),
            no_parts=tuple(self._part(node) for node in _nodes(stated, "withoutPart")),
            profiles=frozenset(_texts(stated, "ofProfile")),
            statuses=frozenset(_texts(stated, "withStatus")),
            intents=frozenset(_texts(stated, "withIntent")),
        )

    def _part(self, node: Node) -> PartCondition:
        stated = self._stated(node)
        pattern = _text(stated, "answerMatches")
        return PartCondition(
            _iris(stated, "coded"), _iris(stated, "answered"), re.compile(pattern) if pattern else None
        )

    def _pairs(self, name: str) -> Iterator[tuple[str, str]]:
        for quad in self.store.quads_for_pattern(None, NamedNode(LEPTO + name), None, None):
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode | Literal):
                yield quad.subject.value, quad.object.value

    def _stated(self, node: Node) -> Stated:
        found: dict[str, list[NamedNode | BlankNode | Literal]] = defaultdict(list)
        for quad in self.store.quads_for_pattern(node, None, None, None):
            if quad.predicate.value.startswith(LEPTO) and not isinstance(quad.object, BlankNode | NamedNode | Literal):
                continue
            found[quad.predicate.value.removeprefix(LEPTO)].append(quad.object)  # type: ignore[arg-type]
        return found

    def _instances(self, kind: str) -> list[NamedNode]:
        quads = self.store.quads_for_pattern(None, NamedNode(RDF_TYPE), NamedNode(LEPTO + kind), None)
        return sorted((q.subject for q in quads if isinstance(q.subject, NamedNode)), key=str)

    def _many(self, name: str) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for quad in self.store.quads_for_pattern(None, NamedNode(LEPTO + name), None, None):
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode | Literal):
                value = quad.object.value
                found[local_name(quad.subject.value)].add(
                    value if isinstance(quad.object, Literal) else local_name(value)
                )
        return {key: frozenset(values) for key, values in found.items()}


def _bare(change: str) -> str:
    """A change of a sequence without its accession, its brackets and its spaces."""
    return _CHANGE.sub("", change)


def _iris(stated: Stated, name: str) -> frozenset[str]:
    return frozenset(term.value for term in stated.get(name, ()) if isinstance(term, NamedNode))


def _nodes(stated: Stated, name: str) -> list[Node]:
    return [term for term in stated.get(name, ()) if isinstance(term, BlankNode | NamedNode)]


def _name(stated: Stated, name: str) -> str | None:
    return next((local_name(iri) for iri in sorted(_iris(stated, name))), None)


def _texts(stated: Stated, name: str) -> list[str]:
    return [term.value for term in stated.get(name, ()) if isinstance(term, Literal)]


def _text(stated: Stated, name: str) -> str | None:
    return next(iter(_texts(stated, name)), None)


def _truth(stated: Stated, name: str) -> bool:
    return "true" in _texts(stated, name)
