"""The entries of one patient, weighed: which facts they state, which entries were used, and why others were not.

Retracted, refuted, preliminary and undated entries are no evidence; the newest valid entry stands; entries that
disagree at the same time are a contradiction, and nothing is derived from them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final

from lepto.facts import Fact
from lepto.finding import Finding
from lepto.read.fhir.declared import Declaration, Declared, Reading
from lepto.read.fhir.entries import Entry
from lepto.read.fhir.moments import completed_years
from lepto.read.fhir.quantities import NoUnitError, converted
from lepto.read.literals import decimal_literal
from lepto.read.record import Ignored, Used
from lepto.read.strict_json import Number, Object, Value
from lepto.vocabulary import LEPTO, XSD_INTEGER, local_name

UNDATED: Final = frozenset({"Condition", "Device", "DeviceUseStatement", "Procedure", "Patient"})
"""Types whose entries hold until they are changed, so that they may be used without a date."""

NO_UNIT: Final = frozenset({None, "1", "{score}"})


@dataclass(frozen=True)
class Claim:
    """That an entry states a value of a fact; `group` is the examination to which it belongs."""

    fact: str
    value: Value
    entry: Entry
    intake: str

    @property
    def said(self) -> str:
        """The value as text."""
        return str(self.value).lower() if isinstance(self.value, bool) else _key(self.value)

    @property
    def examination(self) -> str:
        """What tells one examination from another: the day, else the entry itself."""
        return self.entry.examined or self.entry.source


@dataclass
class Chart:
    """What the entries of a patient state: facts by name, and what was made of each entry."""

    stated: dict[str, Value] = field(default_factory=dict)
    used: list[Used] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def chart(entries: Sequence[Entry], declared: Declared, facts: Mapping[str, Fact], on: date) -> Chart:
    """Weigh the entries of one patient.

    In: the entries, what the ontology declares of records, what may be said of a patient, and the day of the question.
    Out: the facts as a patient file would state them, with used and ignored entries and findings.
    """
    return _Weighing(declared, facts, on).chart(entries)


class _Weighing:
    def __init__(self, declared: Declared, facts: Mapping[str, Fact], on: date) -> None:
        self.declared, self.facts, self.on = declared, facts, on
        self.courses = next(name for name, fact in facts.items() if fact.nested)
        self.made = Chart()

    def chart(self, entries: Sequence[Entry]) -> Chart:
        claims: dict[str, list[Claim]] = defaultdict(list)
        for entry in entries:
            for hint in entry.hints:
                self._warn(entry, hint)
            if reason := self._reason(entry):
                self._ignore(entry, reason, warn=entry.warn)
                continue
            self._hazards(entry)
            found, too_little = self._claims(entry)
            for claim in found:
                claims[claim.fact].append(claim)
            if not found:
                self._ignore(entry, *too_little)
        for fact, stated in sorted(claims.items()):
            self._weigh(fact, stated, entries)
        return self.made

    # What is no evidence

    def _reason(self, entry: Entry) -> str:
        if entry.unusable:
            return entry.unusable
        if entry.moment is not None and entry.type != "MedicationRequest" and entry.moment.is_after_day(self.on):
            future = entry.type == "ServiceRequest" or entry.status in ("preparation", "intended")
            if not future:
                self._warn(entry, f"it is dated after {self.on}")
                return "it is dated in the future"
        return ""

    def _hazards(self, entry: Entry) -> None:
        for hazard in self.declared.hazards:
            if (
                entry.type in hazard.resources
                and hazard.conditions.hold(entry)
                and entry.is_confirmed
                and entry.is_active
                and any(reading.conditions.hold(entry) for reading in hazard.readings)
            ):
                self.made.findings.append(Finding("warning", None, None, f"{entry.source}: {hazard.warning}"))

    def _ignore(self, entry: Entry, reason: str, fact: str | None = None, warn: bool = False) -> None:
        self.made.ignored.append(Ignored(entry.source, fact, reason))
        if warn:
            self._warn(entry, f"it is not used: {reason}")

    def _warn(self, entry: Entry, text: str) -> None:
        self.made.findings.append(Finding("warning", None, None, f"{entry.source}: {text}."))

    # What an entry states

    def _claims(self, entry: Entry) -> tuple[list[Claim], tuple[str, str | None]]:
        """The claims of an entry; where there is none, the reason and the fact on which it bears."""
        found: list[Claim] = list(self._own(entry))
        reason: tuple[str, str | None] = (self._unknown(entry), None)
        for intake in self.declared.intakes:
            if entry.type not in intake.resources or intake.fact == self.courses:
                continue
            about = [r for r in intake.readings if intake.conditions.are_about(entry) and r.conditions.are_about(entry)]
            if not about or not (entry.codes or entry.type == "Patient"):
                continue
            claims = list(self._read(entry, intake, about))
            found += claims
            if not claims:
                reason = self._too_little(entry, intake, about) or reason
        courses = list(self._courses(entry))
        found += courses
        if not courses and not found and (status := self._course_reason(entry)):
            reason = status
        return found, reason

    def _read(self, entry: Entry, intake: Declaration, about: Sequence[Reading]) -> Iterator[Claim]:
        assert intake.fact is not None
        if self._state_reason(entry, intake):
            return
        values = {
            value: None
            for reading in about
            if intake.conditions.hold(entry) and reading.conditions.hold(entry)
            if (value := self._value(entry, reading, intake.fact)) is not None
        }
        specific = self._most_specific(list(values))
        if len({_key(value) for value in specific}) > 1:
            said = ", ".join(sorted(_key(value) for value in specific))
            self._warn(entry, f"it contradicts itself on {intake.fact} ({said}), and is not used")
            return
        yield from (Claim(intake.fact, value, entry, intake.name) for value in specific[:1])

    def _state_reason(self, entry: Entry, intake: Declaration) -> str:
        if not entry.is_active and not intake.active_or_not:
            return "it is not active"
        if not entry.is_confirmed and not any(reading.unconfirmed for reading in intake.readings):
            return "it is not confirmed"
        if entry.type == "Procedure" and entry.status != "completed":
            return f"its status is {entry.status}: it is not done"
        if entry.moment is None and entry.type not in UNDATED:
            return "it has no date"
        return ""

    def _too_little(self, entry: Entry, intake: Declaration, about: Sequence[Reading]) -> tuple[str, str | None] | None:
        if state := self._state_reason(entry, intake):
            return state, intake.fact
        for reading in about:
            if reading.too_little and reading.conditions.hold(entry):
                return reading.too_little, intake.fact
        for reading in about:
            if reading.number and entry.quantity is not None:
                return self._number_reason(entry, intake.fact or ""), intake.fact
        if any(reading.years for reading in about):
            return "it has no full date of birth", intake.fact
        coded = intake.conditions.codes or any(r.conditions.codes or r.conditions.families for r in about)
        return ("its value is none that states the fact", intake.fact) if coded else None

    def _value(self, entry: Entry, reading: Reading, fact: str) -> Value:
        if reading.number:
            return self._number(entry, fact, reading)
        if reading.years:
            born = entry.moment.day if entry.moment else None
            return None if born is None else Number(str(completed_years(born, self.on)))
        value = reading.value if entry.is_confirmed else reading.unconfirmed
        return Number(value) if value is not None and self.facts[fact].datatype else value

    def _number(self, entry: Entry, fact: str, reading: Reading | None = None) -> Value:
        given = entry.quantity
        if given is None or given.comparator is not None:
            return None
        if not given.is_quantity:
            return given.number if not isinstance(given.number, str) or given.number else None
        assert isinstance(given.number, Number)
        unit = self.declared.units.get(fact)
        is_score = self.facts[fact].datatype == XSD_INTEGER and unit in ("%", "1")
        if given.unit == unit or (is_score and given.unit in NO_UNIT):
            return given.number
        if given.unit is None or unit is None:
            return None
        try:
            if reading is not None and reading.counted_in:
                counted = converted(Decimal(given.number.text), given.unit, reading.counted_in) / reading.count_of_one
            else:
                counted = converted(Decimal(given.number.text), given.unit, unit)
        except (NoUnitError, ArithmeticError):
            return None
        return Number(decimal_literal(f"{counted:f}").value)

    def _number_reason(self, entry: Entry, fact: str) -> str:
        given = entry.quantity
        assert given is not None
        if given.comparator is not None:
            return f"its value is a bound only ({given.comparator})"
        if given.unit is None:
            return "its unit is missing"
        return f"its unit {given.unit} is none of {self.declared.units.get(fact)}"

    def _unknown(self, entry: Entry) -> str:
        if entry.codes:
            return "its code states no fact that is asked for"
        return "it is text only, and text is not read" if entry.text else "it has no code that is known"

    # Observations that are coded with a fact of the ontology itself

    def _own(self, entry: Entry) -> Iterator[Claim]:
        if entry.type != "Observation" or entry.moment is None:
            return
        declared = {
            reading.fact
            for reading in self.declared.intakes
            if LEPTO + (reading.fact or "") in reading.conditions.codes
        }
        for name in sorted(code.removeprefix(LEPTO) for code in entry.codes if code.startswith(LEPTO)):
            fact = self.facts.get(name)
            if fact is None or fact.of_course or fact.nested or name in declared:
                continue
            values: list[Value] = [local_name(code) for code in sorted(entry.answers) if code.startswith(LEPTO)]
            if fact.datatype is not None:
                number = entry.truth if entry.truth is not None else self._number(entry, name)
                values = [] if number is None else [number]
            if len(values) > 1 and not fact.many:
                self._warn(entry, f"it contradicts itself on {name}, and is not used")
                continue
            yield from (Claim(name, value, entry, "own") for value in values)

    # Courses

    def _courses(self, entry: Entry) -> Iterator[Claim]:
        status = self._course_status(entry)
        if status is None:
            return
        site = next((local_name(one) for one in sorted(entry.sites & self.declared.sites)), None)
        for treatment in self._treatments(entry):
            parts: dict[str, Value] = {"treatment": treatment, "courseStatus": status}
            if site:
                parts["targetSite"] = site
            start, end = (m.day if m else None for m in (entry.moment, entry.end))
            if entry.type == "MedicationRequest":
                start = end = None
            parts |= {key: day.isoformat() for key, day in (("startDate", start), ("endDate", end)) if day}
            yield Claim(self.courses, Object(tuple(parts.items())), entry, "course")

    def _treatments(self, entry: Entry) -> list[str]:
        found: set[str] = set()
        for intake in self.declared.intakes:
            if intake.fact == self.courses and entry.type in intake.resources and intake.conditions.hold(entry):
                for reading in intake.readings:
                    if reading.treatment and reading.conditions.hold(entry):
                        found.add(reading.treatment)
        for code in entry.codes:
            if code.startswith(LEPTO) and local_name(code) in self.declared.general:
                found.add(local_name(code))
        wider = {general for name in found for general in self.declared.general.get(name, frozenset())}
        return sorted(found - wider)

    def _course_status(self, entry: Entry) -> str | None:
        for reading in self.declared.statuses:
            if entry.type in reading.resources and reading.conditions.hold(entry):
                return reading.status
        return None

    def _course_reason(self, entry: Entry) -> tuple[str, str | None] | None:
        intakes = [i for i in self.declared.intakes if i.fact == self.courses and entry.type in i.resources]
        if not intakes:
            return None
        if self._treatments(entry):
            return f"its status {entry.status} or intent {entry.intent} is of no course", self.courses
        coded = any(i.conditions.codes and i.conditions.are_about(entry) for i in intakes)
        return ("it names no volume that is known", self.courses) if coded else None

    # Several that state one fact

    def _weigh(self, name: str, claims: list[Claim], entries: Sequence[Entry]) -> None:
        if name == self.courses:
            self._weigh_courses(claims)
        elif self.facts[name].many:
            self.made.stated[name] = [*dict.fromkeys(claim.value for claim in claims)]
            self._use(claims)
        else:
            policy = self.declared.policies.get(name, "NewestStands")
            linked = self._linked(name, claims, entries)
            {"NewestStands": self._newest, "AllMustAgree": self._agreeing, "AnyPositiveElseCount": self._counted}[
                policy
            ](name, linked)

    def _linked(self, name: str, claims: list[Claim], entries: Sequence[Entry]) -> list[Claim]:
        """Only those to which an entry of another intake links, where there are such."""
        sources = {i.linked_from for i in self.declared.intakes if i.fact == name and i.linked_from}
        if not sources:
            return claims
        intakes = [i for i in self.declared.intakes if i.name in sources]
        links = {
            link.rsplit("/", 2)[-1]
            for entry in entries
            for intake in intakes
            if not entry.unusable and entry.type in intake.resources
            if any(r.value and intake.conditions.hold(entry) and r.conditions.hold(entry) for r in intake.readings)
            for link in entry.links
        }
        linked = [claim for claim in claims if claim.entry.source.rsplit("/", 1)[-1] in links]
        for claim in claims if linked else []:
            if claim not in linked:
                self._ignore(claim.entry, "the metastasis is linked to another entry", name)
        return linked or claims

    def _newest(self, name: str, claims: list[Claim]) -> None:
        newest = [claim for claim in claims if not any(_is_older(claim.entry, other.entry) for other in claims)]
        for claim in claims:
            if claim not in newest:
                self._ignore(claim.entry, "a newer entry states the fact", name)
        self._take(name, newest)

    def _agreeing(self, name: str, claims: list[Claim]) -> None:
        values = self._most_specific(list(dict.fromkeys(claim.value for claim in claims)))
        if len(values) == 1:
            self._take(name, claims)
            return
        said = ", ".join(sorted(_key(value) for value in values))
        for claim in claims:
            self._ignore(claim.entry, f"entries name {said}, and nothing tells which holds", name)
        text = f"Entries state {said}: {name} is left open; state which holds."
        self.made.findings.append(Finding("warning", name, None, text))

    def _counted(self, name: str, claims: list[Claim]) -> None:
        for examination, group in groupby(sorted(claims, key=lambda c: c.examination), key=lambda c: c.examination):
            same = list(group)
            if len({_key(claim.value) for claim in same}) > 1:
                self._contradiction(name, same, f"examination {examination}")
                claims = [claim for claim in claims if claim not in same]
        values = self._most_specific(list(dict.fromkeys(claim.value for claim in claims)))
        if len(values) != 1:
            if values:
                self._contradiction(name, claims, "all examinations")
            return
        (value,) = values
        agreeing = [claim for claim in claims if claim.value == value]
        repeated = self.declared.repeated.get(_key(value))
        if repeated and len({claim.examination for claim in agreeing}) > 1:
            value = repeated
        self.made.stated[name] = value
        self._use(agreeing, value)
        for claim in claims:
            if claim not in agreeing:
                self._ignore(claim.entry, "another examination says more", name)

    def _take(self, name: str, claims: list[Claim]) -> None:
        values = self._most_specific(list(dict.fromkeys(claim.value for claim in claims)))
        if len({_key(value) for value in values}) > 1:
            self._contradiction(name, claims, "the same time")
            return
        self.made.stated[name] = values[0]
        self._use([claim for claim in claims if _key(claim.value) == _key(values[0])])
        for claim in claims:
            if _key(claim.value) != _key(values[0]):
                self._ignore(claim.entry, "another entry says more", name)

    def _contradiction(self, name: str, claims: Sequence[Claim], when: str) -> None:
        said = ", ".join(f"{claim.entry.source}: {claim.said}" for claim in claims)
        text = f"Entries contradict each other on {name} at {when} ({said}): nothing is derived from them."
        self.made.findings.append(Finding("warning", name, None, text))
        for claim in claims:
            self._ignore(claim.entry, "it is contradicted by another entry", name)

    def _weigh_courses(self, claims: list[Claim]) -> None:
        """One course for the entries of a treatment with one status; an order that is carried out is under way."""
        carried_out = {
            link.rsplit("/", 1)[-1]: claim
            for claim in claims
            for link in claim.entry.links
            if claim.entry.type == "MedicationAdministration"
        }
        grouped: dict[str, list[Claim]] = defaultdict(list)
        orders = {
            claim.entry.source.rsplit("/", 1)[-1] for claim in claims if _part(claim, "courseStatus") == "Planned"
        }
        for claim in claims:
            done = claim.entry.type == "MedicationAdministration" and any(
                link.rsplit("/", 1)[-1] in orders for link in claim.entry.links
            )
            begun = claim.entry.source.rsplit("/", 1)[-1] in carried_out and _part(claim, "courseStatus") == "Planned"
            status = "Ongoing" if done or begun else _part(claim, "courseStatus")
            grouped[f"{_part(claim, 'treatment')} {status} {_part(claim, 'targetSite')}"].append(
                replace(claim, value=_with(claim, "courseStatus", status))
            )
        courses: list[Value] = []
        for _, same in sorted(grouped.items()):
            courses.append(_joined(same))
            said = f"{_part(same[0], 'treatment')} ({_part(same[0], 'courseStatus')})"
            self.made.used += [Used(self.courses, said, claim.entry.source) for claim in same]
        self.made.stated[self.courses] = courses

    def _use(self, claims: Iterable[Claim], value: Value = None) -> None:
        self.made.used += [Used(c.fact, c.said if value is None else str(value), c.entry.source) for c in claims]

    def _most_specific(self, values: Sequence[Value]) -> list[Value]:
        names = {_key(value) for value in values}
        return [value for value in values if not self.declared.more_specific.get(_key(value), frozenset()) & names]


def _is_older(one: Entry, other: Entry) -> bool:
    if one.moment is None or other.moment is None:
        return False
    if one.moment.is_before(other.moment):
        return True
    if other.moment.is_before(one.moment) or one.moment.text != other.moment.text:
        return False
    return one.issued is not None and other.issued is not None and one.issued.is_before(other.issued)


def _key(value: Value) -> str:
    """A value as text; numbers that are equal as one."""
    if isinstance(value, Number):
        try:
            return decimal_literal(value.text).value
        except (ArithmeticError, ValueError):
            return value.text
    return str(value)


def _part(claim: Claim, key: str) -> str | None:
    assert isinstance(claim.value, Object)
    value = claim.value.get(key)
    return value if isinstance(value, str) else None


def _with(claim: Claim, key: str, value: str | None) -> Object:
    assert isinstance(claim.value, Object)
    return Object(tuple((name, value if name == key else part) for name, part in claim.value.pairs))


def _joined(claims: Sequence[Claim]) -> Object:
    """One course: the first start and the last end of its entries."""
    starts = sorted(filter(None, (_part(claim, "startDate") for claim in claims)))
    ends = sorted(filter(None, (_part(claim, "endDate") for claim in claims)))
    assert isinstance(claims[0].value, Object)
    pairs = [(k, v) for k, v in claims[0].value.pairs if k not in ("startDate", "endDate")]
    pairs += [("startDate", starts[0])] if starts else []
    pairs += [("endDate", ends[-1])] if ends and _part(claims[0], "courseStatus") == "Given" else []
    return Object(tuple(pairs))
