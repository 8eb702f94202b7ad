"""One FHIR resource as an entry: its codes, values, times and state, whatever its type. Mechanics only, no medicine.

An entry that must not be used (retracted, preliminary, changed by a modifier, of another release, ill-formed) says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from lepto.read.fhir.moments import Moment, NoMomentError, moment
from lepto.read.strict_json import Number, Object, Value, faults

LookUp: TypeAlias = Callable[[str], tuple[str, Object] | None]
"""From a reference to the source and the content of what it refers to, None where that is not in the input."""

UCUM: Final = "http://unitsofmeasure.org"
ID_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.")
ID_LENGTH: Final = 64

USED: Final[Mapping[str, frozenset[str]]] = {
    "Observation": frozenset({"amended", "corrected", "final"}),
    "DiagnosticReport": frozenset({"amended", "appended", "corrected", "final"}),
    "Device": frozenset({"active", "inactive"}),
    "DeviceUseStatement": frozenset({"active", "completed"}),
    "Procedure": frozenset({"completed", "in-progress", "on-hold", "preparation", "stopped"}),
    "MedicationAdministration": frozenset({"completed", "in-progress", "on-hold", "stopped"}),
    "MedicationRequest": frozenset({"active", "completed", "on-hold", "stopped"}),
    "MedicationStatement": frozenset({"active", "completed", "intended", "on-hold", "stopped"}),
    "MedicationDispense": frozenset({"completed", "in-progress", "on-hold", "preparation"}),
    "ServiceRequest": frozenset({"active", "completed", "on-hold"}),
}
"""The statuses in which a resource is evidence, by its type (FHIR R4, the value sets of `status`)."""

NO_EVIDENCE: Final = frozenset(
    {
        "cancelled",
        "declined",
        "draft",
        "entered-in-error",
        "intended",
        "not-done",
        "not-taken",
        "partial",
        "preliminary",
        "registered",
        "revoked",
        "stopped",
    }
)
"""Statuses that say, for some type, that nothing holds or not yet; any other that is not used is none of FHIR R4."""

READ: Final = frozenset({*USED, "Condition", "Patient"})
LOOKED_UP: Final = frozenset({"BodyStructure", "Medication", "Specimen"})
"""Resources that say something only of the entries that refer to them."""

_NOT_R4: Final[Mapping[str, str]] = {
    "MedicationOrder": "DSTU2",
    "DeviceUseRequest": "DSTU2",
    "DiagnosticOrder": "DSTU2",
    "ProcedureRequest": "STU3",
    "ReferralRequest": "STU3",
    "DeviceUsage": "R5",
    "RequestOrchestration": "R5",
}
_R5_ELEMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "MedicationRequest": ("medication",),
    "MedicationAdministration": ("medication", "occurenceDateTime", "occurencePeriod"),
    "MedicationStatement": ("medication",),
    "Procedure": ("occurrenceDateTime", "occurrencePeriod"),
}
_MOMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "Observation": ("effectiveDateTime", "effectivePeriod", "effectiveInstant"),
    "DiagnosticReport": ("effectiveDateTime", "effectivePeriod"),
    "Condition": ("recordedDate", "onsetDateTime", "onsetPeriod"),
    "Procedure": ("performedDateTime", "performedPeriod"),
    "MedicationAdministration": ("effectiveDateTime", "effectivePeriod"),
    "MedicationStatement": ("effectiveDateTime", "effectivePeriod"),
    "MedicationRequest": ("authoredOn",),
    "MedicationDispense": ("whenHandedOver", "whenPrepared"),
    "ServiceRequest": ("occurrenceDateTime", "occurrencePeriod"),
    "DeviceUseStatement": ("timingPeriod", "timingDateTime", "recordedOn"),
    "Patient": ("birthDate",),
}
VERIFICATION: Final = frozenset(
    {"unconfirmed", "provisional", "differential", "confirmed", "refuted", "entered-in-error"}
)
ACTIVE: Final = frozenset({"active", "recurrence", "relapse"})
STATUS: Final[Mapping[str, str]] = {
    "clinicalStatus": "http://terminology.hl7.org/CodeSystem/condition-clinical",
    "verificationStatus": "http://terminology.hl7.org/CodeSystem/condition-ver-status",
}
RELATED: Final = "http://hl7.org/fhir/StructureDefinition/condition-related"
TECHNIQUE: Final = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-radiotherapy-technique"
_CODES: Final = ("code", "medicationCodeableConcept", "type")
VOLUME: Final = "volume"
"""The part of mCODE's extension for a dose that refers to the irradiated volume."""

_MEMBERS: Final = ("hasMember", "result")
_OWN_OF_COMPONENT: Final = ("code", "value", "interpretation", "dataAbsentReason", "component", *_MEMBERS)
_REMARKS: Final = ("interpretation", "conclusionCode")
ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"


@dataclass(frozen=True)
class Part:
    """A component of an observation: its codes, the codes of its answer, and its answer as text."""

    codes: frozenset[str]
    answers: frozenset[str]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Quantity:
    """A number as it was written; its unit (UCUM) where it has one, also as it is shown; whether it is only a bound."""

    number: Value
    unit: str | None
    is_quantity: bool
    comparator: str | None
    shown_unit: str | None = None


@dataclass(frozen=True)
class Entry:
    """A resource as an entry of one patient's record.

    `source` names it, such as "Observation/kps"; `unusable` says why it is no evidence, empty where it may be used;
    `warn` whether that is more than routine. `withdrawn` says why what it states holds no more: it goes before older
    entries that state it. `related` and `carries_out` are the sources of entries to which it is related and whose order
    it carries out, `members` of those that it gathers, where it says nothing by itself; `examined` is when the
    specimens were taken, and by what they are named. `remarks` are codes of its interpretation or conclusion. `hints`
    are remarks on its codes. `is_component` tells that it is a part of another entry, read by itself.
    """

    type: str
    source: str
    codes: frozenset[str] = frozenset()
    answers: frozenset[str] = frozenset()
    remarks: frozenset[str] = frozenset()
    dosages: tuple[frozenset[str], ...] = ()
    sites: frozenset[str] = frozenset()
    techniques: frozenset[str] = frozenset()
    specimens: frozenset[str] = frozenset()
    parts: tuple[Part, ...] = ()
    quantity: Quantity | None = None
    truth: bool | None = None
    text: str | None = None
    status: str | None = None
    intent: str | None = None
    is_confirmed: bool = True
    withdrawn: str = ""
    moment: Moment | None = None
    end: Moment | None = None
    issued: Moment | None = None
    profiles: frozenset[str] = frozenset()
    related: frozenset[str] = frozenset()
    carries_out: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    has_value: bool = False
    has_unread_site: bool = False
    has_unread_technique: bool = False
    examined: tuple[Moment | None, frozenset[str]] = (None, frozenset())
    unusable: str = ""
    warn: bool = False
    hints: tuple[str, ...] = field(default=())
    is_component: bool = False

    @property
    def is_active(self) -> bool:
        """Whether what it states still holds."""
        return not self.withdrawn

    @property
    def routes(self) -> frozenset[str]:
        """The routes of all dosages."""
        return frozenset().union(*self.dosages)


class Coder:
    """Turns codings into the IRIs of codes, and notes what nearly is one.

    In: code systems by URI, the display by which records show a code, for codes that are often confused, and the
    ingredient of every product.
    """

    def __init__(
        self,
        systems: Mapping[str, Callable[[str], str | None]],
        shown: Mapping[str, str],
        ingredients: Mapping[str, str],
    ) -> None:
        self.systems, self.shown, self.ingredients = systems, shown, ingredients
        self.near = {_flat(uri): uri for uri in systems}
        self.of_display = {display.casefold(): iri for iri, display in shown.items()}

    def codes(self, concepts: Iterable[Value], hints: list[str]) -> frozenset[str]:
        """Return the IRIs of all codings of some CodeableConcepts or Codings."""
        return frozenset(
            iri for concept in concepts for coding in _codings(concept) for iri in self._code(coding, hints)
        )

    def _code(self, coding: Object, hints: list[str]) -> Iterator[str]:
        system, code, display = (text(coding.get(key)) for key in ("system", "code", "display"))
        if system is None or code is None:
            return
        if system not in self.systems:
            if near := self.near.get(_flat(system)):
                hints.append(f"the code system {system} is none; {near} is meant, perhaps")
            return
        iri = self.systems[system](code)
        if iri is None:
            hints.append(f"the code {code} is not written as codes of {system} are, and is not read")
            return
        other = self.of_display.get((display or "").casefold(), iri)
        if other != iri:
            hints.append(f"the code {code} is shown as {display}, which is another code: neither is believed")
            return
        yield iri
        if iri in self.ingredients:
            yield self.ingredients[iri]


def entry(resource: Object, place: str, coder: Coder, look_up: LookUp) -> Entry:
    """Return a resource as an entry. `look_up` finds the source and the content of what a reference refers to."""
    kind = text(resource.get("resourceType")) or "a resource without a type"
    name = text(resource.get("id"))
    source = f"{kind}/{name}" if name and is_id(name) else place
    fault = _fault(kind, resource)
    found = _Reading(kind, source, resource, coder, look_up).entry()
    return found if fault is None else replace(found, unusable=fault, warn=True)


def components(resource: Object) -> Iterator[Object]:
    """Yield each component of an observation as an observation by itself: what it does not say is said by the whole."""
    whole = [pair for pair in resource.pairs if not pair[0].lstrip("_").startswith(_OWN_OF_COMPONENT)]
    for part in _list(resource.get("component")):
        if isinstance(part, Object):
            own = [pair for pair in part.pairs if pair[0].lstrip("_").startswith(_OWN_OF_COMPONENT)]
            modifier = (
                [] if resource.count("modifierExtension") else [p for p in part.pairs if p[0] == "modifierExtension"]
            )
            yield Object((*whole, *own, *modifier))


def component_source(source: str, number: int) -> str:
    """Return what the component of an entry is called in answers."""
    return f"{source} component {number}"


def results(resource: Object) -> Iterator[str]:
    """Yield the references to what a report or an observation gathers."""
    for element in _MEMBERS:
        yield from (r for one in _list(resource.get(element)) if (r := _reference(one)))


def is_id(name: str) -> bool:
    """Say whether a text is an id of FHIR: up to 64 letters, digits, hyphens and dots."""
    return 0 < len(name) <= ID_LENGTH and set(name) <= ID_CHARACTERS


def _fault(kind: str, resource: Object) -> str | None:
    """What makes a resource no sound R4, or None."""
    if found := faults(resource):
        return found[0].fault
    if kind in _NOT_R4:
        return f"{kind} is of FHIR {_NOT_R4[kind]}, and only R4 is read"
    if resource.count(*_R5_ELEMENTS.get(kind, ())):
        return "it has an element of FHIR R5, and only R4 is read"
    if isinstance(resource.get("clinicalStatus"), str):
        return "its clinical status is a text, as before FHIR R4, and only R4 is read"
    name = resource.get("id")
    if name is not None and not (isinstance(name, str) and is_id(name)):
        return "its id is none: up to 64 letters, digits, hyphens and dots are"
    values = [key for key, _ in resource.pairs if key.startswith("value")]
    if len(values) > 1:
        return f"it has two values, {values[0]} and {values[1]}"
    return None


class _Reading:
    """One resource, read element by element."""

    def __init__(
        self,
        kind: str,
        source: str,
        resource: Object,
        coder: Coder,
        look_up: LookUp,
    ) -> None:
        self.kind, self.source, self.resource, self.coder, self.look_up = kind, source, resource, coder, look_up
        self.hints: list[str] = []
        self.unread_site = False

    def entry(self) -> Entry:
        unusable, warn = self._unusable()
        withdrawn = self._withdrawn()
        times, time_fault = self._times()
        if time_fault and not unusable:
            unusable, warn = time_fault, True
        sites = self._sites()
        techniques = list(_nested(self.resource.get("extension"), TECHNIQUE, "valueCodeableConcept"))
        absent = self.resource.get("dataAbsentReason") is not None or any(
            key.startswith("_value") and isinstance(value, Object) and _has_extension(value, ABSENT)
            for key, value in self.resource.pairs
        )
        if absent and any(key.startswith("value") for key, _ in self.resource.pairs):
            self.hints.append("it gives a value and says that there is none: the value is not believed")
        return Entry(
            type=self.kind,
            source=self.source,
            codes=self._codes(),
            answers=frozenset() if absent else self._of("valueCodeableConcept"),
            remarks=frozenset() if absent else self._of(*_REMARKS),
            has_value=any(key.startswith("value") for key, _ in self.resource.pairs),
            dosages=tuple(self.coder.codes([self._dosage(one).get("route")], self.hints) for one in self._dosages()),
            sites=sites,
            techniques=self.coder.codes(techniques, self.hints),
            specimens=self._specimens(),
            parts=tuple(self._parts()),
            quantity=None if absent else _quantity(self.resource),
            truth=None if absent else _truth(self.resource.get("valueBoolean")),
            text=self._text(),
            status=text(self.resource.get("status")),
            intent=text(self.resource.get("intent")),
            is_confirmed=self.kind != "Condition" or self._state("verificationStatus") & VERIFICATION == {"confirmed"},
            withdrawn=withdrawn,
            moment=times[0],
            end=times[1],
            issued=times[2],
            profiles=self._profiles(),
            related=frozenset(self._related()),
            carries_out=self._sources("request", "basedOn"),
            members=frozenset() if self._says_something() else self._sources(*_MEMBERS) | self._components(),
            has_unread_site=self.unread_site,
            has_unread_technique=any(not self.coder.codes([one], []) for one in techniques),
            examined=self._examined(times[0]),
            unusable=unusable,
            warn=warn,
            hints=tuple(self.hints),
        )

    # Whether it is evidence

    def _unusable(self) -> tuple[str, bool]:
        if self.resource.get("implicitRules") is not None:
            return "it says that it is to be read by rules (implicitRules) that are not known here", True
        if self.resource.get("modifierExtension") is not None or self._has_modified_part():
            return "it has a modifier that is not understood, which may turn its meaning round", True
        subject = _reference(self.resource.get("subject"))
        if any(_reference(one) != subject for one in _list(self.resource.get("focus"))):
            return "it is about something else than the patient (focus)", True
        for element in ("specimen", "device", "medicationReference"):
            for one in _list(self.resource.get(element)):
                found = self._referred(one)
                if found is not None and found.get("status") in ("entered-in-error", "inactive", "unsatisfactory"):
                    return f"what it refers to by {element} has the status {found.get('status')}", True
                if found is not None and element != "medicationReference" and self._is_of_another(found):
                    return f"what it refers to by {element} is of another patient", True
                if found is not None and (found.get("modifierExtension"), found.get("implicitRules")) != (None, None):
                    return f"what it refers to by {element} has a modifier that is not understood", True
        if any(isinstance(one, Object) and one.get("modifierExtension") is not None for one in self._dosages()):
            return "its dosage has a modifier that is not understood", True
        if self.resource.get("doNotPerform") is True:
            return "it says what is not to be given", False
        if self.kind == "Condition":
            reason = self._condition_unusable()
            return reason, reason.endswith("no code")
        used, status = USED.get(self.kind), text(self.resource.get("status"))
        if used is not None and status not in used and (status, self.kind) != (None, "Device"):
            return (f"its status is {status}" if status else "it has no status"), status not in NO_EVIDENCE
        return "", False

    def _is_of_another(self, found: Object) -> bool:
        """Say whether a resource is stated to be of another patient than this entry."""
        mine, other = subject_of(self.resource), subject_of(found)
        if mine is None or other is None or mine == other:
            return False
        who = self.look_up(mine), self.look_up(other)
        return who[0] is None or who[1] is None or who[0][0] != who[1][0]

    def _has_modified_part(self) -> bool:
        return any(
            isinstance(p, Object) and p.get("modifierExtension") is not None
            for p in _list(self.resource.get("component"))
        )

    def _condition_unusable(self) -> str:
        verification = self._state("verificationStatus")
        if "entered-in-error" in verification:
            return "its verification status is entered-in-error"
        for element, name in (("verificationStatus", "verification"), ("clinicalStatus", "clinical")):
            if not self._state(element) and self.resource.get(element) is not None:
                return f"its {name} status has no code"
        if not verification:
            self.hints.append("it has no verification status, and is taken as unconfirmed")
        return ""

    def _withdrawn(self) -> str:
        """Why what a condition or a device states holds no more."""
        status = self.resource.get("status")
        if (self.kind, status) in (("Device", "inactive"), ("DeviceUseStatement", "completed")):
            return f"its status is {status}"
        if self.kind != "Condition":
            return ""
        if "refuted" in self._state("verificationStatus"):
            return "its verification status is refuted"
        clinical = self._state("clinicalStatus")
        if not clinical <= ACTIVE or any(key.startswith("abatement") for key, _ in self.resource.pairs):
            return "it is not active"
        return ""

    def _state(self, element: str) -> set[str]:
        """The codes of a status; what another code system calls it is left out."""
        codings = [
            one for one in _codings(self.resource.get(element)) if one.get("system") in (None, "", STATUS[element])
        ]
        return {code for coding in codings if (code := text(coding.get("code")))}

    # What it says

    def _of(self, *elements: str) -> frozenset[str]:
        found = [one for element in elements for one in _list(self.resource.get(element))]
        return self.coder.codes(found, self.hints)

    def _codes(self) -> frozenset[str]:
        if self.kind in ("Patient", "DeviceUseStatement"):
            concepts: list[Value] = []
        else:
            concepts = [one for element in _CODES for one in _list(self.resource.get(element))]
        for element in ("medicationReference", "device"):
            found = self._referred(self.resource.get(element))
            if found is not None:
                inside = [one for one in _list(found.get("ingredient")) if isinstance(one, Object)]
                concepts += [found.get("code"), found.get("type"), *(one.get("itemCodeableConcept") for one in inside)]
        return self.coder.codes(concepts, self.hints)

    def _text(self) -> str | None:
        concepts = [self.resource.get(element) for element in _CODES]
        return next((t for one in concepts if isinstance(one, Object) and (t := text(one.get("text")))), None)

    def _parts(self) -> Iterator[Part]:
        for component in _list(self.resource.get("component")):
            if isinstance(component, Object):
                is_absent = component.get("dataAbsentReason") is not None
                answer = None if is_absent else component.get("valueCodeableConcept")
                texts = [
                    None if is_absent else text(component.get("valueString")),
                    *(text(c.get("code")) for c in _codings(answer)),
                ]
                yield Part(
                    self.coder.codes([component.get("code")], self.hints),
                    self.coder.codes([answer, *_list(component.get("interpretation"))], self.hints),
                    tuple(one for one in texts if one),
                )

    def _dosages(self) -> list[Value]:
        return [one for element in ("dosage", "dosageInstruction") for one in _list(self.resource.get(element))]

    @staticmethod
    def _dosage(value: Value) -> Object:
        return value if isinstance(value, Object) else Object(())

    def _sites(self) -> frozenset[str]:
        concepts = list(_list(self.resource.get("bodySite")))
        volumes = list(_nested(self.resource.get("extension"), VOLUME, "valueReference"))
        for reference in _nested(self.resource.get("extension"), None, "valueReference"):
            found = self._referred(reference)
            if found is not None and found.get("resourceType") == "BodyStructure":
                is_whole = found.get("active") is not False and found.get("locationQualifier") is None
                is_whole = is_whole and not self._is_of_another(found)
                concepts.append(found.get("location") if is_whole else None)
            elif found is None and (reference in volumes or _names_body_structure(reference)):
                concepts.append(None)
                self.hints.append(f"it names {_reference(reference) or 'a volume'}, which is not in the input")
        self.unread_site = any(_is_qualified(one) or not self.coder.codes([one], []) for one in concepts)
        return self.coder.codes(concepts, self.hints)

    def _specimens(self) -> frozenset[str]:
        found = [self._referred(one) for one in _list(self.resource.get("specimen"))]
        return self.coder.codes([one.get("type") for one in found if one is not None], self.hints)

    def _profiles(self) -> frozenset[str]:
        meta = self.resource.get("meta")
        stated = _list(meta.get("profile")) if isinstance(meta, Object) else []
        return frozenset(one.split("|")[0] for one in stated if isinstance(one, str))

    def _related(self) -> Iterator[str]:
        """The sources of the entries to which this one is related; the reference itself, where it leads nowhere."""
        for extension in _list(self.resource.get("extension")):
            if isinstance(extension, Object) and extension.get("url") == RELATED:
                found = self._found(extension.get("valueReference"))
                yield found[0] if found else _reference(extension.get("valueReference")) or "a condition without a name"

    def _says_something(self) -> bool:
        """Whether it has a value, a conclusion in codes, or a reason why it has none."""
        said = ("conclusionCode", "dataAbsentReason", "value", "_value")
        return any(key.startswith(said) for key, _ in self.resource.pairs)

    def _components(self) -> frozenset[str]:
        return frozenset(component_source(self.source, n) for n, _ in enumerate(components(self.resource), 1))

    def _sources(self, *elements: str) -> frozenset[str]:
        found = [self._found(one) for element in elements for one in _list(self.resource.get(element))]
        return frozenset(one[0] for one in found if one is not None)

    def _examined(self, at: Moment | None) -> tuple[Moment | None, frozenset[str]]:
        """When the specimens were taken, else the time of the entry; and all by which the specimens are named."""
        references = _list(self.resource.get("specimen"))
        for specimen in (one[1] for one in map(self._found, references) if one is not None):
            collection = specimen.get("collection")
            if isinstance(collection, Object):
                taken = [value for key, value in collection.pairs if key.startswith("collected")]
                if taken:
                    at = _told(taken[0])
        return at, frozenset(self._named(references))

    def _named(self, references: Iterable[Value]) -> set[str]:
        """The sources and accession numbers of specimens, and of those from which they were taken."""
        names: set[str] = set()
        ahead = [_reference(one) for one in references]
        while ahead:
            reference = ahead.pop()
            source, specimen = (reference and self.look_up(reference)) or (reference, Object(()))
            if source is None or source in names:
                continue
            names.add(source)
            ahead += [_reference(one) for one in _list(specimen.get("parent"))]
            number = specimen.get("accessionIdentifier")
            if isinstance(number, Object) and (value := text(number.get("value"))):
                names.add(f"{text(number.get('system')) or ''}|{value}")
        return names

    def _referred(self, value: Value) -> Object | None:
        found = self._found(value)
        return None if found is None else found[1]

    def _found(self, value: Value) -> tuple[str, Object] | None:
        reference = _reference(value)
        return None if reference is None else self.look_up(reference)

    # When it was

    def _times(self) -> tuple[tuple[Moment | None, Moment | None, Moment | None], str]:
        try:
            first, end = self._stretch()
            issued = text(self.resource.get("issued"))
            end = self._abatement() if self.kind == "Condition" else end
            return (first, end, moment(issued) if issued else None), ""
        except NoMomentError as error:
            return (None, None, None), f"{str(error)[:40]!r} is no date"

    def _abatement(self) -> Moment | None:
        """When a condition ended; None where that is not said as a date."""
        return _told(self.resource.get("abatementDateTime")) or _told(self.resource.get("abatementPeriod"))

    def _stretch(self) -> tuple[Moment | None, Moment | None]:
        for element in _MOMENTS.get(self.kind, ()):
            value = self.resource.get(element)
            if isinstance(value, Object):
                first, end = (moment(one) if (one := text(value.get(key))) else None for key in ("start", "end"))
                if self.kind in ("DiagnosticReport", "Observation"):
                    return (first.until(end) if first and end else first.onwards() if first else end), None
                if first or end:
                    return first, end
            elif value is not None:
                if not isinstance(value, str):
                    raise NoMomentError(str(value))
                at = moment(value)
                return at, at if self.kind in ("Procedure", "MedicationAdministration") else None
        return None, None


def _told(value: Value) -> Moment | None:
    """When something was that a date or a period tells; None where neither does."""
    try:
        if isinstance(value, Object):
            first, end = (moment(one) if (one := text(value.get(key))) else None for key in ("start", "end"))
            return first.until(end) if first and end else first or end
        return moment(value) if isinstance(value, str) else None
    except NoMomentError:
        return None


def text(value: Value) -> str | None:
    """Return a value that is a text which says something, or None."""
    return value if isinstance(value, str) and value.strip() else None


def _truth(value: Value) -> bool | None:
    return value if isinstance(value, bool) else None


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _has_extension(value: Object, url: str) -> bool:
    return any(isinstance(one, Object) and one.get("url") == url for one in _list(value.get("extension")))


def _is_qualified(concept: Value) -> bool:
    """Say whether a concept has an extension, such as a side: less is meant than its code says."""
    parts = [concept, *_codings(concept)]
    return any(isinstance(part, Object) and part.get("extension") is not None for part in parts)


def _codings(concept: Value) -> Iterator[Object]:
    """The codings of a CodeableConcept; a Coding is its own."""
    if isinstance(concept, Object):
        coding = concept.get("coding")
        yield from (one for one in (_list(coding) if coding is not None else [concept]) if isinstance(one, Object))


def _quantity(resource: Object) -> Quantity | None:
    given = resource.get("valueInteger")
    if given is not None:
        return Quantity(given, None, False, None) if isinstance(given, str | bool | Number) else None
    value = resource.get("valueQuantity")
    if not isinstance(value, Object) or not isinstance(value.get("value"), Number):
        return None
    shown = text(value.get("unit"))
    unit = text(value.get("code")) if value.get("system") == UCUM else shown
    return Quantity(value.get("value"), unit, True, text(value.get("comparator")), shown)


def subject_of(resource: Object) -> str | None:
    """Return the reference to the patient whom a resource is about, or None."""
    return next((r for key in ("subject", "patient") if (r := _reference(resource.get(key)))), None)


def _reference(value: Value) -> str | None:
    return text(value.get("reference")) if isinstance(value, Object) else None


def _names_body_structure(reference: Value) -> bool:
    return (_reference(reference) or "").rsplit("/", 2)[-2:-1] == ["BodyStructure"]


def _nested(extensions: Value, url: str | None, element: str) -> Iterator[Value]:
    """The values of extensions with a URL (None: any), and of those within extensions."""
    for extension in _list(extensions):
        if isinstance(extension, Object):
            if extension.get(element) is not None and url in (None, extension.get("url")):
                yield extension.get(element)
            yield from _nested(extension.get("extension"), url, element)


def _flat(uri: str) -> str:
    return uri.removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/").casefold()
