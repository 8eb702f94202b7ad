"""The entries of one patient, weighed: which facts they state, which entries were used, and why others were not.

Retracted, preliminary and undated entries are no evidence; the newest valid entry stands; entries that disagree at the
same time are a contradiction, and nothing is derived from them. Where silence on a fact is read, an entry that bears on
it and states nothing costs the answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from lepto.facts import Fact
from lepto.finding import Finding
from lepto.read.fhir.claims import NO_DATE, REFUTED, Claim, Claims, Nothing, key
from lepto.read.fhir.declared import Declared
from lepto.read.fhir.entries import Entry
from lepto.read.fhir.moments import ANY_ZONE, LONG_AGO, Moment
from lepto.read.record import Ignored, Used
from lepto.read.strict_json import Object, Value
from lepto.vocabulary import local_name

MEDICATIONS: Final = frozenset(
    {"MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement"}
)
BY_SITE: Final = "NewestOnEachSiteStands"
SHOWN: Final = 10


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


@dataclass(frozen=True)
class _Silence:
    """An entry that bears on a fact and states nothing of it: why; whether it is because it cannot be used, so that it
    may say anything; and what it would state if it had a date.
    """

    entry: Entry
    reason: str
    is_unusable: bool = False
    would: tuple[Claim, ...] = ()


class _Weighing:
    def __init__(self, declared: Declared, facts: Mapping[str, Fact], on: date) -> None:
        self.declared, self.facts, self.on = declared, facts, on
        self.claims = Claims(declared, facts, on)
        self.made = Chart()

    def chart(self, entries: Sequence[Entry]) -> Chart:
        claims: dict[str, list[Claim]] = defaultdict(list)
        silent: dict[str, list[_Silence]] = defaultdict(list)
        unread: list[Entry] = []
        for entry in entries:
            self._hazards(entry)
            if entry.is_component and not self.claims.bears_on(entry):
                continue
            for hint in entry.hints:
                self._warn(entry, hint)
            if reason := entry.unusable or "it is dated in the future" * self._is_future(entry):
                self._ignore(entry, reason, warn=entry.warn or not entry.unusable)
                for fact in self._doubted_by(entry):
                    silent[fact].append(_Silence(entry, reason, is_unusable=True))
                continue
            found = self.claims.of(entry)
            stated = [one for one in found if isinstance(one, Claim)]
            for claim in stated:
                claims[claim.fact].append(claim)
            for one in found:
                if not isinstance(one, Claim) and (one.fact is not None or not stated):
                    self._ignore(entry, one.reason, one.fact, one.warn, one.costs)
                    if one.fact is not None and not entry.withdrawn and not one.costs and one.bears:
                        silent[one.fact].append(self._silence(entry, one))
            if not stated and not entry.withdrawn and all(one.fact is None for one in found):
                unread.append(entry)
        if unknown := [entry.source for entry in unread if entry.type in MEDICATIONS]:
            self._tell_unknown(unknown)
        linked = {i.fact for i in self.declared.intakes if i.linked_from and i.fact} - claims.keys()
        for fact in linked:
            self._linked(fact, [], entries)
        outdating = {i.fact for i in self.declared.intakes if i.outdates}
        for fact in sorted(claims, key=lambda name: (name not in outdating, name)):
            if claims[fact]:
                self._weigh(fact, claims[fact], entries)
            self._outdate(fact, claims)
        for fact in self._unread_facts() & self.declared.assumed - self.made.stated.keys():
            for entry in unread:
                if entry.type in self._types(fact):
                    silent[fact].append(_Silence(entry, f"it may bear on {fact}, by a code that is not known"))
        for fact, said in sorted(silent.items()):
            self._silent(fact, claims[fact], said)
        return self.made

    def _unread_facts(self) -> set[str]:
        return {i.fact for i in self.declared.intakes if i.unread_is_no_silence and i.fact}

    def _types(self, fact: str) -> set[str]:
        return {
            kind for i in self.declared.intakes if i.fact == fact and i.unread_is_no_silence for kind in i.resources
        }

    # What is no evidence

    def _is_future(self, entry: Entry) -> bool:
        to_come = entry.type == "ServiceRequest" or entry.status in ("preparation", "intended")
        return entry.moment is not None and not to_come and entry.moment.is_after_day(self.on)

    def _doubted_by(self, entry: Entry) -> frozenset[str]:
        """The facts of which an entry that must not be used may say something else: none where it says that it is none,
        or not yet; where silence is read, also after the day of the question.
        """
        bears_on = self.claims.bears_on(entry) if entry.warn or not entry.unusable else frozenset()
        return bears_on if entry.unusable else bears_on & self.declared.assumed

    def _hazards(self, entry: Entry) -> None:
        if entry.unusable and entry.status != "draft":
            return
        for hazard in self.declared.hazards:
            told = entry.type in hazard.resources and entry.is_confirmed and entry.is_active
            if told and hazard.conditions.hold(entry) and any(one.conditions.hold(entry) for one in hazard.readings):
                self._find("warning", None, f"{entry.source}: {hazard.warning}")

    def _tell_unknown(self, sources: Sequence[str]) -> None:
        shown = ", ".join(sources[:SHOWN]) + (f" and {len(sources) - SHOWN} more" if len(sources) > SHOWN else "")
        text = f"{shown}: the substance is none that is known here, so that the list of courses may be incomplete."
        self._find("warning", self.claims.courses, text)

    def _silence(self, entry: Entry, nothing: Nothing) -> _Silence:
        would = self.claims.if_dated(entry) if nothing.reason == NO_DATE else ()
        return _Silence(entry, nothing.reason, nothing.warn, tuple(one for one in would if one.fact == nothing.fact))

    def _silent(self, fact: str, claims: Sequence[Claim], silent: Sequence[_Silence]) -> None:
        """Tell of entries on a fact that state no value and may be newer than those that do: the fact is left open, and
        where silence on it is read, nothing may be read into them. No silence doubts a list, what the Patient states,
        nor what the silent entry gathers.
        """
        sources = {claim.entry.source for claim in claims}
        is_sure = self.facts[fact].many or any(claim.entry.type == "Patient" for claim in claims)
        stated, by_site = self.made.stated.get(fact), self._policy(fact) == BY_SITE
        for site in dict.fromkeys(_site(one.entry) if by_site else None for one in silent):
            beside = _covering(claims, site) if by_site else claims
            latest, ends = _latest(beside), _extremes([claim.entry.moment for claim in beside])
            for one in [one for one in silent if not by_site or _site(one.entry) == site]:
                is_older, at = _is_older(one.entry, *latest), one.entry.moment
                is_newer = bool(ends) and at is not None and all(end is not None and end.is_before(at) for end in ends)
                if fact in self.declared.assumed:
                    self._assumed(fact, stated, one, is_older)
                elif stated is not None and not (is_sure or is_older or one.entry.members & sources):
                    self._doubt(fact, stated, one, is_newer)

    def _assumed(self, fact: str, stated: Value, silence: _Silence, is_older: bool) -> None:
        policy = self._policy(fact)
        if stated is None or fact == self.claims.courses or (policy.startswith("Newest") and not is_older):
            self._cost(silence.entry, fact, silence.reason)
        elif policy == "AllMustAgree" and silence.reason in self.claims.too_little:
            self._leave_open(fact, "another entry tells of the fact, and states no value")
            self._cost(silence.entry, fact, silence.reason)

    def _doubt(self, fact: str, stated: Value, silence: _Silence, is_newer: bool) -> None:
        how = "is newer" if is_newer else "may be newer"
        what = f"cannot be used: {silence.reason}" if silence.is_unusable or silence.would else "states no value"
        is_doubted = self._is_doubted(fact, stated, silence, is_newer)
        if is_doubted:
            self._leave_open(fact, f"an entry that {how} tells of the fact, and states no value")
        if is_doubted or (is_newer and self._policy(fact).startswith("Newest") and not silence.would):
            self._warn(silence.entry, f"it {how} than what states {fact}, and {what}")

    def _is_doubted(self, fact: str, stated: Value, silence: _Silence, is_newer: bool) -> bool:
        """Say whether an entry that is not surely older leaves another value open than the one that is stated."""
        policy = self._policy(fact)
        if silence.would:
            return any(
                claim.key == key(stated) if claim.withdraws else key(stated) not in {claim.key, *self._above(claim.key)}
                for claim in silence.would
            )
        if policy == "AnyPositiveElseCount":
            return silence.is_unusable and bool(self._above(key(stated)))
        if policy == "NewestReadableStands":
            return silence.is_unusable
        return is_newer or silence.reason not in self.claims.too_little

    def _above(self, value: str) -> frozenset[str]:
        """The values that stand where this one is stated too."""
        known = self.declared
        return known.more_specific.get(value, frozenset()) | known.outweighing.get(value, frozenset())

    def _leave_open(self, fact: str, why: str) -> None:
        """Take nothing of what was taken for a fact."""
        self.made.stated.pop(fact, None)
        self.made.ignored += [Ignored(one.source, fact, why) for one in self.made.used if one.property == fact]
        self.made.used = [one for one in self.made.used if one.property != fact]

    def _cost(self, entry: Entry, fact: str, reason: str) -> None:
        mend = f"mend the entry, or state {fact} by an entry of its own"
        self._find("violation", fact, f"{entry.source}: {reason}, and silence would be read as no; {mend}.")

    def _ignore(
        self, entry: Entry, reason: str, fact: str | None = None, warn: bool = False, costs: bool = False
    ) -> None:
        self.made.ignored.append(Ignored(entry.source, fact, reason))
        if costs and fact is not None:
            self._cost(entry, fact, reason)
        elif warn:
            self._warn(entry, f"it is not used: {reason}")

    def _warn(self, entry: Entry, text: str) -> None:
        self._find("warning", None, f"{entry.source}: {text}.")

    def _find(self, severity: str, about: str | None, text: str) -> None:
        self.made.findings.append(Finding(severity, about, None, text))

    def _outdate(self, fact: str, claims: dict[str, list[Claim]]) -> None:
        """Drop findings that may be older than the end of what they showed, unless it is stated anew."""
        intakes = [i for i in self.declared.intakes if i.fact == fact]
        unsure = {r.unconfirmed for i in intakes for r in i.readings}
        over = [claim for claim in claims[fact] if claim.withdraws and claim.entry.withdrawn != REFUTED]
        if not over or self.made.stated.get(fact) not in {None, *unsure}:
            return
        for name in sorted({name for i in intakes for name in i.outdates}):
            old = [one for one in claims[name] if not all(_is_after(one, ended, claims[fact]) for ended in over)]
            for claim in old:
                self._ignore(claim.entry, f"{over[0].entry.source} may say that it is of the past", name)
            if old:
                told = f"{over[0].entry.withdrawn}, and {name} of before that says nothing of today"
                self._warn(over[0].entry, told)
            claims[name] = [one for one in claims[name] if one not in old]

    # Several that state one fact

    def _weigh(self, name: str, claims: list[Claim], entries: Sequence[Entry]) -> None:
        if name == self.claims.courses:
            self._courses(claims)
        elif self.facts[name].many:
            self.made.stated[name] = [*dict.fromkeys(claim.value for claim in claims)]
            self._use(claims)
        else:
            weigh = {
                "NewestStands": self._newest,
                "NewestReadableStands": self._newest,
                "AllMustAgree": self._agreeing,
                "AnyPositiveElseCount": self._counted,
                BY_SITE: self._by_site,
            }
            weigh[self._policy(name)](name, self._linked(name, claims, entries))

    def _policy(self, name: str) -> str:
        return self.declared.policies.get(name, "NewestStands")

    def _linked(self, name: str, claims: list[Claim], entries: Sequence[Entry]) -> list[Claim]:
        """Only those to which an entry of another intake is related, where there are such."""
        by = {i.linked_from for i in self.declared.intakes if i.fact == name and i.linked_from}
        intakes = [i for i in self.declared.intakes if i.name in by]
        related = {
            source
            for entry in entries
            for i in intakes
            if entry.related and entry.is_active and not entry.unusable and entry.type in i.resources
            if any(r.value and i.conditions.hold(entry) and r.conditions.hold(entry) for r in i.readings)
            for source in entry.related
        }
        linked = [claim for claim in claims if claim.entry.source in related]
        if related and not linked:
            said = ", ".join(sorted(related))
            text = f"For {name} an entry is linked to {said}, which states none: state which holds."
            self._find(self._severity(name), name, text)
        for claim in claims if linked else []:
            if claim.entry.source not in related:
                self._ignore(claim.entry, "another entry is linked to, and goes before it", name)
        return linked or claims

    def _newest(self, name: str, claims: list[Claim]) -> None:
        claims = _patients_own(claims)
        newest = _newest(claims)
        newest += [claim for claim in claims if self._says_more(claim, claims, newest)]
        kept = {id(claim) for claim in newest}
        for claim in claims:
            if id(claim) not in kept and not claim.withdraws:
                self._ignore(claim.entry, "a newer entry tells of the fact", name)
        self._take(name, newest)

    def _says_more(self, claim: Claim, claims: Sequence[Claim], newest: Sequence[Claim]) -> bool:
        """Say whether all that is not older than a claim says less of the same."""
        more = self.declared.more_specific
        if claim.withdraws or not all(claim.key in more.get(one.key, ()) for one in newest):
            return False
        others = (one for one in claims if one is not claim and not _is_before(one, claim))
        return all(not one.withdraws and claim.key in more.get(one.key, ()) for one in others)

    def _by_site(self, name: str, claims: list[Claim]) -> None:
        """What is found on one site beside what is found on others: neither takes the other back."""
        kept: list[Claim] = []
        for site in dict.fromkeys(_site(claim.entry) for claim in claims):
            latest = _latest(_covering(claims, site))
            mine = [claim for claim in claims if _site(claim.entry) == site]
            newest = [claim for claim in mine if not _is_older(claim.entry, *latest)]
            for claim in mine:
                if claim not in newest:
                    self._ignore(claim.entry, "a newer entry tells of the fact", name)
            if self._disagree(newest):
                return self._contradiction(name, newest, "the same time")
            kept += [claim for claim in newest if not claim.withdraws]
        found = {claim.key: claim.value for claim in kept}
        values = {one: value for one, value in found.items() if not self._above(one) & found.keys()}
        both: dict[str, Value] = {w: w for w, parts in self.declared.combining.items() if parts == values.keys()}
        if len(both or values) != 1:
            return self._contradiction(name, kept, "different sites") if kept else None
        ((said, value),) = (both or values).items()
        used = [claim for claim in kept if claim.key in values]
        missing = self.declared.whole.get(name, frozenset()) - _sites(kept)
        if self._above(said) and missing and all(_site(claim.entry) is not None for claim in kept):
            for claim in used:
                self._warn(claim.entry, f"it states {name} of a part only, and leaves it open of the whole")
                self._ignore(claim.entry, "it tells of a part only", name)
            return None
        self.made.stated[name] = value
        self._use(used, value)
        for claim in kept:
            if claim not in used:
                self._ignore(claim.entry, "what is found on another site goes before it", name)
        return None

    def _agreeing(self, name: str, claims: list[Claim]) -> None:
        """All that is stated and not withdrawn; a withdrawal that is not older than what it withdraws takes it back."""
        gone = defaultdict(list)
        for claim in claims:
            if claim.withdraws:
                gone[claim.key].append(claim)
        kept, doubtful = [], set()
        for claim in (one for one in claims if not one.withdraws):
            if _newest([claim, *gone[claim.key]]) == [claim]:
                kept.append(claim)
            else:
                self._ignore(claim.entry, "another entry takes it back", name)
                if any(one.entry.moment is None for one in (claim, *gone[claim.key])):
                    doubtful.add(claim.key)
        values = self.claims.most_specific(list(dict.fromkeys(claim.value for claim in kept)))
        if len(values) < 2:
            self._take(name, kept)
            if doubtful - {claim.key for claim in kept} and name in self.made.stated:
                text = f"An entry takes back another one of {name}, and nothing tells which is newer: it is left open."
                self._find(self._severity(name), name, text)
                self._leave_open(name, "nothing tells whether it still holds")
            return
        said = ", ".join(sorted(key(value) for value in values))
        for claim in kept:
            self._ignore(claim.entry, f"entries name {said}, and nothing tells which holds", name)
        self._find(self._severity(name), name, f"Entries state {said}: {name} is left open; state which holds.")

    def _counted(self, name: str, claims: list[Claim]) -> None:
        examinations = _examinations(claims)
        sound: list[Claim] = []
        for same in examinations:
            if len({claim.key for claim in same}) > 1:
                self._contradiction(name, same, "one examination")
            else:
                sound += same
        found = {claim.key for claim in sound}
        values = [
            value for value in dict.fromkeys(claim.value for claim in sound) if not self._above(key(value)) & found
        ]
        if len(values) != 1:
            if values:
                self._contradiction(name, sound, "all examinations")
            return
        (value,) = values
        agreeing = [claim for claim in sound if claim.value == value]
        if sum(any(claim in same for claim in agreeing) for same in examinations) > 1:
            value = self.declared.repeated.get(key(value), value)
        self.made.stated[name] = value
        self._use(agreeing, value)
        for claim in sound:
            if claim.value != values[0]:
                self._ignore(claim.entry, "another examination says more", name)

    def _disagree(self, claims: Sequence[Claim]) -> bool:
        """Say whether claims state different values, or one that another one of them withdraws."""
        values = self.claims.most_specific([claim.value for claim in claims if not claim.withdraws])
        stated, gone = {key(value) for value in values}, {claim.key for claim in claims if claim.withdraws}
        return len(stated) > 1 or bool(gone & stated)

    def _take(self, name: str, claims: list[Claim]) -> None:
        """State the one value of claims of one time, or of none; what is withdrawn at the same time is contradicted."""
        stated = [claim for claim in claims if not claim.withdraws]
        values = self.claims.most_specific(list(dict.fromkeys(claim.value for claim in stated)))
        if self._disagree(claims):
            self._contradiction(name, claims, "the same time")
        elif values:
            self.made.stated[name] = values[0]
            self._use([claim for claim in stated if claim.key == key(values[0])])
            for claim in stated:
                if claim.key != key(values[0]):
                    self._ignore(claim.entry, "another entry says more", name)

    def _severity(self, name: str) -> str:
        """How grave it is that a fact is left open: where silence on it is read, that would be read into the record."""
        return "violation" if name in self.declared.assumed else "warning"

    def _contradiction(self, name: str, claims: Sequence[Claim], when: str) -> None:
        shown = [f"{claim.entry.source}: {'not ' * claim.withdraws}{claim.key}" for claim in claims]
        said = ", ".join(shown[:SHOWN]) + (f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else "")
        text = f"Entries contradict each other on {name} at {when} ({said}): nothing is derived from them."
        self._find(self._severity(name), name, text)
        for claim in claims:
            if not claim.withdraws:
                self._ignore(claim.entry, "it is contradicted by another entry", name)

    def _courses(self, claims: list[Claim]) -> None:
        """One course for the entries of a treatment with one status; an order that is carried out is under way."""
        planned = {claim.entry.source for claim in claims if claim.part("courseStatus") == "Planned"}
        begun = {source for claim in claims for source in claim.entry.carries_out & planned}
        grouped: dict[tuple[str | None, ...], list[Claim]] = defaultdict(list)
        for claim in claims:
            under_way = claim.entry.source in begun or bool(claim.entry.carries_out & planned)
            status = "Ongoing" if under_way else claim.part("courseStatus")
            one = replace(claim, value=_with(claim.value, "courseStatus", status))
            grouped[one.part("treatment"), status, one.part("targetSite")].append(one)
        courses: list[Value] = []
        for (treatment, status, _), same in sorted(grouped.items(), key=str):
            courses.append(_joined(same))
            self.made.used += [Used(same[0].fact, f"{treatment} ({status})", one.entry.source) for one in same]
        self.made.stated[self.claims.courses] = courses

    def _use(self, claims: Iterable[Claim], value: Value = None) -> None:
        self.made.used += [Used(c.fact, c.key if value is None else key(value), c.entry.source) for c in claims]


def _patients_own(claims: list[Claim]) -> list[Claim]:
    """What the Patient itself states goes before what is observed."""
    return [claim for claim in claims if claim.entry.type == "Patient"] or claims


def _site(entry: Entry) -> frozenset[str] | None:
    """The sites of which an entry tells, None where it names none; of one that is not understood it is its own."""
    return frozenset({entry.source}) if entry.has_unread_site else entry.sites or None


def _covering(claims: Sequence[Claim], site: frozenset[str] | None) -> list[Claim]:
    """The claims that tell of a site: of it, of more, or of no site by name."""
    told = [(claim, _site(claim.entry)) for claim in claims]
    return [claim for claim, mine in told if mine is None or (site is not None and site <= mine)]


def _sites(claims: Sequence[Claim]) -> frozenset[str]:
    return frozenset(local_name(site) for claim in claims for site in _site(claim.entry) or ())


def _latest(claims: Sequence[Claim]) -> tuple[dict[bool, datetime], dict[str, datetime]]:
    """When the last of some claims begins, with and without a place in UTC; when the last of each time was issued."""
    starts = {True: LONG_AGO, False: LONG_AGO}
    issued: dict[str, datetime] = {}
    for claim in claims:
        at = claim.entry.moment
        if at is not None:
            starts[at.zoned] = max(starts[at.zoned], at.first)
            if claim.entry.issued is not None:
                issued[at.text] = max(issued.get(at.text, LONG_AGO), claim.entry.issued.first)
    return starts, issued


def _newest(claims: Sequence[Claim]) -> list[Claim]:
    """The claims that are not surely older than another; of one and the same time those that were issued last."""
    latest = _latest(claims)
    return [claim for claim in claims if not _is_older(claim.entry, *latest)]


def _extremes(moments: Sequence[Moment | None]) -> list[Moment | None]:
    """Of some moments those that begin and end last, with and without a place in UTC; None, where one is not known."""
    known = [one for one in moments if one is not None]
    found: list[Moment | None] = [None] if len(known) < len(moments) else []
    for zoned in (True, False):
        if same := [one for one in known if one.zoned == zoned]:
            found += [max(same, key=lambda one: one.first), max(same, key=lambda one: one.end)]
    return found


def _is_after(found: Claim, over: Claim, others: Sequence[Claim]) -> bool:
    """Say whether a finding was surely made after the end of what is over, or since that was stated anew."""
    at = found.entry.examined[0]
    if at is None:
        return False
    anew = [one.entry.moment for one in others if not one.withdraws and _is_before(over, one)]
    ended = over.entry.end is not None and over.entry.end.is_before(at)
    return ended or any(one is not None and not at.is_before(one) for one in anew)


def _is_before(one: Claim, other: Claim) -> bool:
    first, second = one.entry.moment, other.entry.moment
    return first is not None and second is not None and first.is_before(second)


def _is_older(entry: Entry, starts: Mapping[bool, datetime], issued: Mapping[str, datetime]) -> bool:
    at = entry.moment
    if at is None:
        return False
    for zoned, start in starts.items():
        if at.end + (timedelta(0) if zoned == at.zoned else ANY_ZONE) <= start:
            return True
    return entry.issued is not None and entry.issued.end <= issued.get(at.text, LONG_AGO)


def _examinations(claims: Sequence[Claim]) -> list[list[Claim]]:
    """The claims by examination; those that may be about one and the same are together."""
    found: list[list[Claim]] = []
    for claim in claims:
        same = [one for one in found if any(claim.is_of_one_examination_with(other) for other in one)]
        found = [one for one in found if not any(one is other for other in same)]
        found.append([*(other for one in same for other in one), claim])
    return found


def _with(value: Value, name: str, new: str | None) -> Object:
    assert isinstance(value, Object)
    return Object(tuple((one, new if one == name else part) for one, part in value.pairs))


def _joined(claims: Sequence[Claim]) -> Object:
    """One course: the first start and the last end of its entries."""
    first = claims[0].value
    assert isinstance(first, Object)
    starts = sorted(filter(None, (claim.part("startDate") for claim in claims)))
    ends = sorted(filter(None, (claim.part("endDate") for claim in claims)))
    pairs = [(name, part) for name, part in first.pairs if name not in ("startDate", "endDate")]
    pairs += [("startDate", starts[0])] if starts else []
    # A course of which one entry has no end may go on: the end of another entry is not its own.
    has_ended = len(ends) == len(claims) and claims[0].part("courseStatus") == "Given"
    pairs += [("endDate", ends[-1])] if has_ended else []
    return Object(tuple(pairs))
