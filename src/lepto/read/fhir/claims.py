"""What one entry states: its claims by the declared intakes, or the reason why it states nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from lepto.facts import Fact
from lepto.read.fhir.declared import Declaration, Declared, Reading
from lepto.read.fhir.entries import Entry, Quantity
from lepto.read.fhir.moments import completed_years, moment
from lepto.read.fhir.quantities import DIGITS, NoUnitError, converted, sized
from lepto.read.literals import decimal_literal
from lepto.read.strict_json import Number, Object, Value
from lepto.vocabulary import LEPTO, XSD_INTEGER, local_name

UNDATED: Final = frozenset({"Condition", "Device", "DeviceUseStatement", "Procedure", "Patient"})
"""Types whose entries hold until they are changed, so that they may be used without a date."""

OWN_CODED: Final = frozenset({"DiagnosticReport", "Observation"})
"""Types that may be coded with a fact of the ontology itself."""

NO_UNIT: Final = frozenset({None, "1", "{score}"})
REFUTED: Final = "its verification status is refuted"
NO_DATE: Final = "it has no date"
UNREAD: Final = "its value is none that states the fact"


@dataclass(frozen=True)
class Claim:
    """That an entry states a value of a fact; or, where it `withdraws`, that the value holds no more."""

    fact: str
    value: Value
    entry: Entry
    withdraws: bool = False

    @property
    def key(self) -> str:
        """The value as text; numbers that are equal as one."""
        return key(self.value)

    def is_of_one_examination_with(self, other: Claim) -> bool:
        """Say whether two entries may be about one examination: of one specimen, of times that may be of one day, or of
        times of day that are less than a day apart.
        """
        (at, specimens), (then, others) = self.entry.examined, other.entry.examined
        if specimens & others or at is None or then is None:
            return True
        apart = at.is_before(then) or then.is_before(at)
        is_near = at.has_clock and then.has_clock and abs(at.first - then.first) < timedelta(days=1)
        return not apart or is_near or at.text[:10] == then.text[:10]

    def part(self, name: str) -> str | None:
        """A part of the course that is claimed, None where it is not stated."""
        value = self.value.get(name) if isinstance(self.value, Object) else None
        return value if isinstance(value, str) else None


@dataclass(frozen=True)
class Nothing:
    """Why an entry states nothing of a fact (None: of any); `costs` the answer where silence would be read as no;
    `bears` on the fact, so that another value than is stated may hold.
    """

    fact: str | None
    reason: str
    costs: bool = False
    warn: bool = False
    bears: bool = True


def key(value: Value) -> str:
    """Return a value as text, numbers that are equal as one."""
    if isinstance(value, Number):
        try:
            return decimal_literal(value.text).value
        except (ArithmeticError, ValueError):
            return value.text
    return str(value).lower() if isinstance(value, bool) else str(value)


class Claims:
    """Reads entries by what is declared of records, for the day of the question."""

    def __init__(self, declared: Declared, facts: Mapping[str, Fact], on: date) -> None:
        self.declared, self.facts, self.on = declared, facts, on
        self.courses = next(name for name, fact in facts.items() if fact.nested)
        self.too_little = {r.too_little for i in declared.intakes for r in i.readings if r.too_little}

    def of(self, entry: Entry) -> list[Claim | Nothing]:
        """Return the claims of an entry, and what it bears on and does not state."""
        found: list[Claim | Nothing] = [*self._own(entry), *self._courses(entry)]
        for intake in self.declared.intakes:
            if intake.fact != self.courses and entry.type in intake.resources:
                about = _about(entry, intake)
                if about and (entry.codes or entry.type == "Patient"):
                    found += self._read(entry, intake, about)
        stated = {one.fact for one in found if isinstance(one, Claim)}
        silent = [one for one in found if isinstance(one, Nothing) and one.fact in stated and one.reason == UNREAD]
        return [one for one in found if one not in silent] or [Nothing(None, self._unknown(entry))]

    def if_dated(self, entry: Entry) -> list[Claim]:
        """Return what an entry without a date would claim if it were of the day of the question."""
        dated = replace(entry, moment=moment(self.on.isoformat()))
        return [one for one in self.of(dated) if isinstance(one, Claim)]

    def most_specific(self, values: Sequence[Value]) -> list[Value]:
        """Return the values less those of which another one says the same and more."""
        names = {key(value) for value in values}
        return [value for value in values if not self.declared.more_specific.get(key(value), frozenset()) & names]

    def bears_on(self, entry: Entry) -> frozenset[str]:
        """Return the facts on which an entry bears by its codes, whatever else it says."""
        found = {code.removeprefix(LEPTO) for code in entry.codes if code.startswith(LEPTO)} & self.facts.keys()
        for intake in self.declared.intakes:
            if intake.fact is not None and entry.type in intake.resources:
                asked = intake.conditions.is_coded
                about = [r for r in _about(entry, intake) if asked or r.conditions.is_coded or r.conditions.answers]
                if any(not reading.cannot_tell for reading in about):
                    found.add(intake.fact)
        return frozenset(found)

    # Facts

    def _read(self, entry: Entry, intake: Declaration, about: Sequence[Reading]) -> Iterator[Claim | Nothing]:
        assert intake.fact is not None
        withdrawn = self._withdrawn(entry) if not intake.active_or_not or entry.withdrawn == REFUTED else ""
        if reason := self._no_evidence(entry, intake):
            yield Nothing(intake.fact, reason, bears=entry.status != "preparation")
            return
        holding, values = self._held(entry, intake, about, withdrawn)
        yield from self._denied(entry, intake, about, holding)
        specific = self.most_specific(values)
        if len({key(value) for value in specific}) > 1:
            said = ", ".join(sorted(key(value) for value in specific))
            yield Nothing(intake.fact, f"it contradicts itself ({said})", warn=True)
        elif specific:
            is_denial = withdrawn == REFUTED and any(r.refuted == specific[0] for r in holding)
            yield Claim(intake.fact, specific[0], entry, bool(withdrawn) and not is_denial)
            if withdrawn:
                yield Nothing(intake.fact, withdrawn)
        elif nothing := self._too_little(entry, intake, about, holding):
            yield nothing

    def _withdrawn(self, entry: Entry) -> str:
        """Why what an entry states holds no more on the day of the question."""
        ended = entry.type == "DeviceUseStatement" and entry.end is not None and not entry.end.is_after_day(self.on)
        return entry.withdrawn or ("its use has ended" if ended else "")

    def _held(
        self, entry: Entry, intake: Declaration, about: Sequence[Reading], withdrawn: str
    ) -> tuple[list[Reading], list[Value]]:
        """The readings that hold, and the values that they state.

        The value of an entry goes before its interpretation, which alone states nothing where the value is not read.
        """
        assert intake.fact is not None
        holding: list[Reading] = []
        values: list[Value] = []
        by_value, by_remark = entry, replace(entry, answers=entry.remarks)
        for one in (by_value, by_remark) if entry.remarks else (by_value,):
            held = [r for r in about if _holds(one, intake, r)]
            if one is by_remark and entry.has_value and not values:
                break
            holding += [r for r in held if r not in holding]
            found = [v for r in held if (v := self._value(one, r, intake.fact, withdrawn)) is not None]
            values += [v for v in found if v not in values]
        return holding, values

    def _denied(
        self, entry: Entry, intake: Declaration, about: Sequence[Reading], holding: Sequence[Reading]
    ) -> Iterator[Claim]:
        """What an entry says not to be: by an answer that denies it, or because it says something else."""
        assert intake.fact is not None
        if intake.denials & (entry.answers | entry.remarks) and not intake.conditions.answers & (
            entry.answers | entry.remarks
        ):
            for r in about:
                if intake.conditions.hold_whatever_answered(entry) and r.conditions.hold_whatever_answered(entry):
                    yield from [Claim(intake.fact, r.value, entry, withdraws=True)] if r.value else []
        for r in holding:
            if r.rules_out and not entry.withdrawn:
                yield Claim(intake.fact, r.rules_out, entry, withdraws=True)

    def _no_evidence(self, entry: Entry, intake: Declaration) -> str:
        if not entry.withdrawn and not entry.is_confirmed and not any(one.unconfirmed for one in intake.readings):
            return "it is not confirmed"
        if entry.type == "Procedure" and entry.status != "completed":
            return f"its status is {entry.status}: it is not done"
        if entry.moment is None and entry.type not in UNDATED:
            return NO_DATE
        return ""

    def _value(self, entry: Entry, reading: Reading, fact: str, withdrawn: str) -> Value:
        if reading.number:
            return self._number(entry, fact, reading)
        if reading.years:
            born = entry.moment.day if entry.moment else None
            return None if born is None else Number(str(completed_years(born, self.on)))
        value = reading.value if entry.is_confirmed or withdrawn else reading.unconfirmed
        if withdrawn == REFUTED and reading.refuted:
            value = reading.refuted
        return Number(value) if value is not None and self.facts[fact].datatype else value

    def _too_little(
        self, entry: Entry, intake: Declaration, about: Sequence[Reading], holding: Sequence[Reading]
    ) -> Nothing | None:
        for reading in holding:
            if reading.too_little:
                return Nothing(intake.fact, reading.too_little)
            if reading.cannot_tell:
                return Nothing(intake.fact, reading.cannot_tell, bears=False)
        if any(reading.number for reading in about) and entry.quantity is not None:
            return self._no_number(entry, intake.fact or "")
        if any(reading.years for reading in about):
            return Nothing(intake.fact, "it has no full date of birth", bears=entry.moment is not None)
        coded = intake.conditions.codes or any(r.conditions.codes or r.conditions.families for r in about)
        return Nothing(intake.fact, UNREAD) if coded else None

    def _number(self, entry: Entry, fact: str, reading: Reading | None = None) -> Value:
        given, unit = entry.quantity, self.declared.units.get(fact)
        if given is None or given.comparator is not None or _shows_another_unit(given):
            return None
        is_score = self.facts[fact].datatype == XSD_INTEGER
        if not given.is_quantity:
            return given.number if is_score else None
        assert isinstance(given.number, Number)
        if given.unit == unit or (is_score and unit in ("%", "1") and given.unit in NO_UNIT):
            return given.number
        if given.unit is None or unit is None:
            return None
        try:
            into = reading.counted_in if reading and reading.counted_in else unit
            counted = converted(Decimal(given.number.text), given.unit, into)
            if reading and reading.counted_in:
                counted = Decimal(f"{counted / reading.count_of_one:.{DIGITS}g}")
        except (NoUnitError, ArithmeticError):
            return None
        return Number(decimal_literal(f"{counted:f}").value)

    def _no_number(self, entry: Entry, fact: str) -> Nothing:
        """Why a number is not read."""
        given = entry.quantity
        assert given is not None
        if given.comparator is not None:
            return Nothing(fact, f"its value is a bound only ({given.comparator})")
        if given.unit is None:
            return Nothing(fact, "its unit is missing")
        if _shows_another_unit(given):
            return Nothing(fact, f"its unit is {given.unit} and is shown as {given.shown_unit}", warn=True)
        return Nothing(fact, f"its unit {given.unit} is none of {self.declared.units.get(fact)}")

    def _unknown(self, entry: Entry) -> str:
        if entry.codes:
            return "its code states no fact that is asked for"
        return "it is text only, and text is not read" if entry.text else "it has no code that is known"

    # Observations and reports that are coded with a fact of the ontology itself

    def _own(self, entry: Entry) -> Iterator[Claim | Nothing]:
        declared = {
            LEPTO + (i.fact or "") for i in self.declared.intakes if LEPTO + (i.fact or "") in i.conditions.codes
        }
        for code in sorted(entry.codes - declared) if entry.type in OWN_CODED else ():
            fact = self.facts.get(code.removeprefix(LEPTO)) if code.startswith(LEPTO) else None
            if fact is None or fact.of_course:
                continue
            if fact.nested:
                yield Nothing(fact.name, "an order or a procedure states a course, and no observation", costs=True)
                continue
            if entry.moment is None and not fact.many:
                yield Nothing(fact.name, NO_DATE)
                continue
            values: list[Value] = [
                local_name(one) for one in sorted(entry.answers | entry.remarks) if one.startswith(LEPTO)
            ]
            if fact.datatype is not None:
                number = entry.truth if entry.truth is not None else self._number(entry, fact.name)
                values = [] if number is None else [number]
            if len(values) > 1 and not fact.many:
                yield Nothing(fact.name, "it contradicts itself", warn=True)
            elif not values:
                yield self._no_number(entry, fact.name) if entry.quantity else Nothing(fact.name, UNREAD)
            else:
                yield from (Claim(fact.name, value, entry) for value in values)

    # Courses

    def _courses(self, entry: Entry) -> Iterator[Claim | Nothing]:
        intakes = [i for i in self.declared.intakes if i.fact == self.courses and entry.type in i.resources]
        about = [(i, r) for i in intakes for r in i.readings if self._is_course(entry, i, r)]
        treatments = self._treatments(entry, about)
        if not treatments:
            if about:
                told = next((r.too_little for i, r in about if r.too_little and _holds(entry, i, r)), None)
                reason = told or "its route or its site is missing, or is none that tells the treatment"
                yield Nothing(self.courses, reason, costs=True)
            return
        status = self._status(entry)
        if status is None:
            yield Nothing(self.courses, "by its status or intent it is of no course", warn=True, bears=False)
            return
        site = next((local_name(one) for one in sorted(entry.sites & self.declared.sites)), None)
        start, end = (m.day if m else None for m in (entry.moment, entry.end))
        days = {} if entry.type == "MedicationRequest" else {"startDate": start, "endDate": end}
        for treatment in treatments:
            parts: dict[str, Value] = {"treatment": treatment, "courseStatus": status}
            parts |= {"targetSite": site} if site else {}
            parts |= {name: day.isoformat() for name, day in days.items() if day}
            yield Claim(self.courses, Object(tuple(parts.items())), entry)

    @staticmethod
    def _is_course(entry: Entry, intake: Declaration, reading: Reading) -> bool:
        """Whether an entry is coded as a course is, whatever its route and site; or given by a route that tells."""
        coded = [c for c in (intake.conditions, reading.conditions) if c.is_coded]
        if not coded:
            return bool(intake.conditions.routes) and _holds(entry, intake, reading)
        return all(conditions.are_about(entry) for conditions in coded)

    def _treatments(self, entry: Entry, about: Sequence[tuple[Declaration, Reading]]) -> list[str]:
        named = {local_name(code) for code in entry.codes if code.startswith(LEPTO)} & self.declared.general.keys()
        treatments: set[str] = set()
        for dosage in entry.dosages or (frozenset(),):
            one = replace(entry, dosages=(dosage,))
            found = named | {r.treatment for i, r in about if r.treatment and _holds(one, i, r)}
            treatments |= found - {wider for name in found for wider in self.declared.general.get(name, frozenset())}
        return sorted(treatments)

    def _status(self, entry: Entry) -> str | None:
        readings = (one for one in self.declared.statuses if entry.type in one.resources)
        return next((one.status for one in readings if one.conditions.hold(entry)), None)


def _about(entry: Entry, intake: Declaration) -> list[Reading]:
    """The readings of an intake as which an entry is coded; where they ask for no code, as which it answers."""
    if not intake.conditions.are_about(entry):
        return []
    said = entry.answers | entry.remarks
    about = [r for r in intake.readings if r.conditions.are_about(entry)]
    if intake.conditions.is_coded:
        return about
    return [r for r in about if r.conditions.is_coded or not r.conditions.answers or r.conditions.answers & said]


def _holds(entry: Entry, intake: Declaration, reading: Reading) -> bool:
    return intake.conditions.hold(entry) and reading.conditions.hold(entry)


def _shows_another_unit(given: Quantity) -> bool:
    """Say whether the unit that is shown, in UCUM or in words, is of another size than the one that is coded."""
    if given.unit is None or given.shown_unit is None or given.shown_unit.casefold() == given.unit.casefold():
        return False
    try:
        return sized(given.shown_unit, given.unit) != 1
    except NoUnitError:
        return False
