"""From the resources of a whole input to one record a patient: who is meant, what is a copy, and what is old."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from lepto.finding import Finding
from lepto.read.fhir.bundles import Absence, Request, Resource
from lepto.read.fhir.chart import Chart, chart
from lepto.read.fhir.entries import (
    LOOKED_UP,
    READ,
    Entry,
    component_source,
    components,
    entry,
    is_id,
    results,
    subject_of,
    text,
)
from lepto.read.fhir.marks import RESOURCE_TYPE
from lepto.read.fhir.moments import LONG_AGO, NoMomentError, moment
from lepto.read.intaking import Intaking
from lepto.read.record import Ignored, Intake, Record, refused, violation
from lepto.read.stated import record
from lepto.read.strict_json import Object, dump

NOT_READ = "this type of resource is not read"
CONTAINED = "it is contained in another resource, and is no result of it"
LISTED = 200
"""Ignored entries that are listed one by one; the rest are counted by reason."""
SHORTLY = 10
"""Of what belongs to no patient and is listed with several, and of what is absent."""


class Charts:
    """The resources and absences of one input, sorted by patient."""

    def __init__(self, intaking: Intaking, found: Sequence[Resource | Absence], name: str) -> None:
        self.intaking, self.name = intaking, name
        self.absences = sorted((one for one in found if isinstance(one, Absence)), key=_as_read)
        self.deleted = {one.deleted for one in self.absences if one.deleted}
        self.deleted_here = {(one.bundle, one.deleted) for one in self.absences if one.deleted}
        self.resources = self._whole([one for one in found if isinstance(one, Resource)])
        self.absent: dict[frozenset[Request | None], tuple[list[Ignored], list[str]]] = {}
        self.doubtful = {id(one) for one in self.resources if self.is_deleted(one)}
        self.by_url = {one.full_url: one for one in reversed(self.resources) if one.full_url}
        self.by_name = {(one.bundle, one.base, one.name): one for one in reversed(self.resources) if one.name}
        # What no full URL places, and a bundle holds, is of that bundle alone.
        self.anywhere = {
            (one.base, one.name): one for one in reversed(self.resources) if one.name and (one.base or not one.bundle)
        }

    def records(self, keys: Container[str] | None = None) -> list[Record]:
        """Return a record for each patient, in the order in which they are first named; of `keys` only, where given."""
        patients = [one for one in self.resources if one.type == "Patient"]
        mine: dict[str, list[Resource]] = {}
        for patient in patients:
            mine.setdefault(key_of(patient), []).append(patient)
        strangers: list[Resource] = []
        for resource in self.resources:
            if resource.type == "Patient" or resource.type in LOOKED_UP:
                continue
            key = self._patient_of(resource)
            if key in mine or (not patients and key):
                mine.setdefault(key, []).append(resource)
            else:
                strangers.append(resource)
        if not mine:
            return [self._nobody()] if strangers or self.absences else []
        shared = _shared_identifiers(patients)
        nobodys = self._nobodys(strangers, [some[0].bundle for some in mine.values()])
        asked = {key: some for key, some in mine.items() if keys is None or key in keys}
        return [
            self._record(
                key, *_without_copies(some), [*nobodys.get(some[0].bundle, ()), *nobodys.get(None, ())], shared
            )
            for key, some in asked.items()
        ]

    def _nobodys(self, strangers: Sequence[Resource], homes: Sequence[str]) -> dict[str | None, list[Ignored]]:
        """What belongs to no patient, to be listed with those of its bundle, or, where that has none (None), with all;
        in short where it is listed more than once.
        """
        found: dict[str | None, list[Ignored]] = defaultdict(list)
        for one in strangers:
            home = one.bundle if one.bundle in homes else None
            found[home].append(Ignored(called(one), None, self._stranger(one)))
        for home, some in found.items():
            if (len(homes) if home is None else homes.count(home)) > 1:
                found[home] = list(_listed([one for one in some if one.reason != NOT_READ], SHORTLY))
        return found

    def is_deleted(self, resource: Resource) -> bool:
        """Say whether a resource was deleted: by its full URL, or by type and id in its own bundle, or where nothing
        tells on which server it is.
        """
        return (
            resource.full_url in self.deleted
            or (resource.bundle, resource.name) in self.deleted_here
            or (not resource.base and resource.name in self.deleted)
        )

    def _whole(self, found: list[Resource]) -> list[Resource]:
        """Return the resources less patients who were deleted, and less what others refer to where that is deleted, is
        old, or has two versions of which nothing tells the newer.
        """
        places: dict[str, list[Resource]] = defaultdict(list)
        for one in found:
            if one.type in LOOKED_UP:
                places[one.base or one.bundle].append(one)
        sure: set[int] = set()
        for same in places.values():
            kept, doubtful, _ = _without_copies(same)
            sure |= {id(one) for one in kept} - {id(one) for one in doubtful}
        return [
            one
            for one in found
            if not (self.is_deleted(one) and one.type in (*LOOKED_UP, "Patient"))
            and (one.type not in LOOKED_UP or id(one) in sure)
        ]

    def _record(
        self,
        key: str,
        resources: list[Resource],
        doubtful: list[Resource],
        old: list[Resource],
        nobodys: list[Ignored],
        shared: Mapping[str, str],
    ) -> Record:
        origin = f"{self.name} {key}" if resources[0].type != "Patient" else resources[0].place
        patient = key.rsplit("/", 1)[-1].removeprefix("urn:uuid:")
        if fault := self._other_than_asked(patient, resources) or self._refusal(resources[0], doubtful, shared):
            return refused(origin, [violation(origin, *fault)], patient)
        unsure = self.doubtful | {id(one) for one in doubtful}
        entries = [e for one in resources if one.type in READ for e in self._entries(one, id(one) in unsure)]
        made = chart(entries, self.intaking.declared, self.intaking.facts, self.intaking.on)
        made.ignored += nobodys
        made.ignored += [Ignored(called(one), None, "the input has a newer version of it") for one in old]
        absent, odd = self._absent(frozenset({None, *(one.request for one in resources)}))
        made.ignored += absent
        made.ignored += [Ignored(called(one), None, NOT_READ) for one in resources if one.type not in READ]
        made.ignored += [Ignored(name, None, CONTAINED) for one in resources for name in self._passed_over(one)]
        inactive = [
            f"{called(one)}: it is marked as inactive, or replaced by another one."
            for one in resources
            if one.type == "Patient" and (one.content.get("active") is False or _is_replaced(one))
        ]
        made.findings += [Finding("warning", None, None, told) for told in (*odd, *inactive)]
        pairs = (("id", patient), *sorted(made.stated.items()))
        taken = record(Object(pairs), origin, self.intaking.facts)
        findings = tuple(sorted({*taken.findings, *made.findings}, key=str))
        return replace(taken, findings=findings, intake=self._intake(made))

    def _absent(self, requests: frozenset[Request | None]) -> tuple[list[Ignored], list[str]]:
        """What is absent of what came with some requests, to be listed; and what of it is to be warned of. Both are in
        short: all patients are told the same, however many there are.
        """
        if requests not in self.absent:
            some = [one for one in self.absences if one.request in requests]
            listed, warned = _shortly(some), _shortly([one for one in some if one.warn])
            self.absent[requests] = (
                [Ignored(one.place, None, one.reason) for one in listed],
                [f"{one.place}: {one.reason}." for one in warned],
            )
        return self.absent[requests]

    def _entries(self, resource: Resource, is_doubtful: bool) -> Iterator[Entry]:
        """The entry of a resource, those of its components, and those of the results that it contains."""
        whole = self._entry(resource, is_doubtful)
        yield whole
        yield from self._components(resource, whole.source, is_doubtful)
        for name in self._contained_results(resource):
            inside = replace(resource, content=resource.contained[name])
            source = f"{whole.source}#{name}"
            of_another = subject_of(inside.content) is not None and self._patient_of(inside) != self._patient_of(
                resource
            )
            unusable = whole.unusable or "it is about another patient" * of_another
            for one in (self._entry(inside, is_doubtful), *self._components(inside, source, is_doubtful)):
                named = one if one.is_component else replace(one, source=source)
                yield replace(named, unusable=unusable, warn=whole.warn or of_another) if unusable else named

    def _components(self, resource: Resource, source: str, is_doubtful: bool) -> Iterator[Entry]:
        for number, part in enumerate(components(resource.content), 1):
            found = self._entry(replace(resource, content=part), is_doubtful)
            yield replace(found, source=component_source(source, number), is_component=True)

    def _contained_results(self, resource: Resource) -> list[str]:
        """The ids of the results that a resource contains, and of those that they gather in turn."""
        found: dict[str, None] = {}
        ahead = [*results(resource.content)]
        while ahead:
            reference = ahead.pop(0)
            name, inside = reference[1:], resource.contained.get(reference[1:])
            if reference.startswith("#") and inside is not None and name not in found:
                found[name] = None
                ahead += results(inside)
        return list(found)

    def _passed_over(self, resource: Resource) -> Iterator[str]:
        """The sources of what a resource contains that is neither a result of it nor said of it."""
        results = self._contained_results(resource)
        for name, inside in resource.contained.items():
            if name not in results and inside.get(RESOURCE_TYPE) in READ - {"Device", "Patient"}:
                yield f"{resource.source}#{name}"

    def _entry(self, resource: Resource, is_doubtful: bool) -> Entry:
        found = entry(resource.content, resource.place, self.intaking.coder, partial(self._look_up, resource))
        if is_doubtful:
            fault = "the input has two versions of it, or its deletion, and nothing tells the newer"
            return replace(found, unusable=fault, warn=True)
        return found

    def _intake(self, made: Chart) -> Intake:
        nothing = [name for name, fact in self.intaking.facts.items() if not fact.many and not fact.of_course]
        missing = tuple(name for name in nothing if name not in made.stated)
        used = tuple(sorted(made.used, key=lambda one: (one.property, one.source, one.value)))
        return Intake(used, tuple(_listed(made.ignored)), missing)

    # Who is meant

    def _patient_of(self, resource: Resource) -> str:
        """The key of the patient whom a resource is about; empty where that is nobody in the input or no person."""
        reference = subject_of(resource.content)
        if reference is None or reference in self.deleted:
            return ""
        found = self._find(resource, reference)
        if found is not None:
            return key_of(found) if found.type == "Patient" else ""
        return reference if may_be_patient(reference) else ""

    def _find(self, resource: Resource, reference: str) -> Resource | None:
        """What a reference within a resource refers to: by its full URL; else by type and id on the same server, in its
        own bundle before all others. What no full URL places is on no known server.
        """
        bare, name = named_by(reference)
        if found := self.by_url.get(bare):
            return found
        is_absolute = "://" in bare
        base = bare.removesuffix(f"/{name}") if is_absolute else resource.base
        for server in dict.fromkeys((base, "")):
            found = self.by_name.get((resource.bundle, server, name)) or self.anywhere.get((server, name))
            if found is not None:
                return found
        return None

    def _stranger(self, resource: Resource) -> str:
        if resource.type not in READ:
            return NOT_READ
        reference = subject_of(resource.content)
        return f"it is about another patient ({reference})" if reference else "it does not say whom it is about"

    def _look_up(self, resource: Resource, reference: str) -> tuple[str, Object] | None:
        """The source and the content of what a reference within a resource refers to, or None."""
        if reference.startswith("#"):
            inside = resource.contained.get(reference[1:])
            return None if inside is None else (f"{resource.source}{reference}", inside)
        found = self._find(resource, reference)
        return None if found is None else (found.source, found.content)

    # Who is refused

    @staticmethod
    def _other_than_asked(patient: str, resources: Sequence[Resource]) -> tuple[str, str] | None:
        """Whether data came with a request that is about another patient than they are."""
        asked = {one.request.patient for one in resources if one.request is not None and one.request.patient}
        if not (other := asked - {patient}):
            return None
        said = f"the request is about the patient {min(other)}, and the data are not"
        return said, f"fetch the data of that patient, and not those of {patient}"

    def _refusal(
        self, patient: Resource, doubtful: Sequence[Resource], shared: Mapping[str, str]
    ) -> tuple[str, str] | None:
        if patient.type != "Patient":
            return None
        name = patient.content.get("id")
        if name is not None and not (isinstance(name, str) and is_id(name)):
            return "the id of the patient is none", "give up to 64 letters, digits, hyphens and dots"
        died = {key: value for key, value in patient.content.pairs if key.lstrip("_").startswith("deceased")}
        if died and died != {"deceasedBoolean": False}:
            return "the record says that the patient has died", "check the record: no treatment is advised"
        if any(one is patient for one in doubtful):
            return "the patient is given twice, differently", "give one Patient resource for each patient"
        if other := shared.get(patient.place):
            return f"{other} has the same identifier", "give each patient identifiers of its own, or join the two"
        return None

    def _nobody(self) -> Record:
        fault = "no resource says whom it is about"
        return refused(self.name, [violation(self.name, fault, "give a Patient, or resources with a subject")])


def key_of(patient: Resource) -> str:
    """Return by what a patient is told from all others of an input."""
    return "/".join(filter(None, (patient.base, patient.name))) or patient.full_url or patient.place


def _is_replaced(patient: Resource) -> bool:
    links = patient.content.get("link")
    found = [one for one in links if isinstance(one, Object)] if isinstance(links, list) else []
    return any(one.get("type") == "replaced-by" for one in found)


def _without_copies(resources: list[Resource]) -> tuple[list[Resource], list[Resource], list[Resource]]:
    """Return the resources, of those with one name the newest version, or all that may be it; the latter; and the older
    versions.
    """
    named: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for one in resources:
        named[one.base, one.name or one.full_url or one.place].append(one)
    kept, doubtful, old = [], [], []
    for same in named.values():
        if len(same) == 1:
            kept += same
            continue
        different = {_said(one): one for one in same}
        newest = max(different.values(), key=_version)
        older = [one for one in different.values() if _is_older(one, newest)]
        unsure = [one for one in different.values() if one not in older]
        kept += unsure
        old += older
        doubtful += unsure if len(unsure) > 1 else []
    return kept, doubtful, old


def _said(resource: Resource) -> str:
    """What a resource says, without the narrative and the marks of the server that holds it."""
    return dump(Object(tuple(pair for pair in resource.content.pairs if pair[0] not in ("meta", "text"))))


def _is_older(one: Resource, other: Resource) -> bool:
    """Say whether both tell of their version in the same way, and that of the one is older."""
    told = [[number not in (LONG_AGO, 0) for number in _version(resource)] for resource in (one, other)]
    return told[0] == told[1] and _version(one) < _version(other)


def _version(resource: Resource) -> tuple[datetime, int]:
    meta = resource.content.get("meta")
    updated = text(meta.get("lastUpdated")) if isinstance(meta, Object) else None
    number = text(meta.get("versionId")) if isinstance(meta, Object) else None
    try:
        at = moment(updated).first if updated else LONG_AGO
    except NoMomentError:
        at = LONG_AGO
    return at, int(number) if number and number.isdecimal() and len(number) < 10 else 0


def named_by(reference: str) -> tuple[str, str]:
    """Return a reference without its version, and also without its server: by which full URL and which type and id it
    may be found.
    """
    bare = reference.split("/_history/")[0]
    parts = bare.split("/")
    return bare, "/".join(parts[-2:])


def may_be_patient(reference: str) -> bool:
    """Tell whether a reference that leads nowhere may mean a patient."""
    return named_by(reference)[1].startswith("Patient/") or reference.startswith("urn:uuid:")


def identifiers_of(patient: Resource) -> list[str]:
    """Return the identifiers of a patient that nobody else may have."""
    found = patient.content.get("identifier")
    return [
        f"{one.get('system')}|{one.get('value')}"
        for one in (found if isinstance(found, list) else [])
        if isinstance(one, Object) and text(one.get("system")) and text(one.get("value"))
    ]


def _shared_identifiers(patients: Sequence[Resource]) -> dict[str, str]:
    """For the place of every patient whose identifier another one has, who that is."""
    owners: dict[str, list[Resource]] = defaultdict(list)
    for patient in patients:
        for one in identifiers_of(patient):
            owners[one].append(patient)
    shared: dict[str, str] = {}
    for same in owners.values():
        names = list(dict.fromkeys(called(one) for one in same))
        for patient in same if len(names) > 1 else []:
            shared[patient.place] = names[0] if names[0] != called(patient) else names[1]
    return shared


def called(resource: Resource) -> str:
    """Return what a resource is called in messages."""
    name = text(resource.content.get("id"))
    return (
        f"{resource.type}/{name}"
        if resource.type and name and is_id(name)
        else f"{resource.type or 'a resource without a type'} at {resource.place}"
    )


def _as_read(absence: Absence) -> tuple[list[tuple[int, str]], str]:
    """By what absences are ordered as a person would, line 2 before line 10, in whatever order they were found."""
    parts = re.split(r"([0-9]+)", absence.place)
    return [(len(part) if number % 2 else 0, part) for number, part in enumerate(parts)], absence.reason


def _shortly(absences: Sequence[Absence]) -> Iterator[Absence]:
    """The first absences, and how many more there are for each reason."""
    yield from absences[:SHORTLY]
    more = Counter(one.reason for one in absences[SHORTLY:])
    yield from (Absence(f"{many} places more", reason) for reason, many in more.items())


def _listed(ignored: Sequence[Ignored], limit: int = LISTED) -> Iterator[Ignored]:
    """The ignored entries in order; what is not read at all, and what is beyond the limit, is counted by its reason."""
    known = [one for one in dict.fromkeys(ignored) if one.reason != NOT_READ]
    known.sort(key=lambda one: (one.source, one.property or "", one.reason))
    yield from known[:limit]
    rest = known[limit:]
    rest += [one for one in ignored if one.reason == NOT_READ]
    counted = Counter((one.source.split("/")[0].split(" at ")[0], one.reason) for one in rest)
    yield from (Ignored(f"{kind} ({many})", None, reason) for (kind, reason), many in sorted(counted.items()))
