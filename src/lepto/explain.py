"""From what was derived to reports: every verdict followed home to rules, criteria, facts, claims and evidence.

Nothing is decided here: each field is the answer to one of the queries in `queries/explain/`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property

from pyoxigraph import Literal, NamedNode, QuerySolution, QuerySolutions, Store

from lepto.finding import Finding
from lepto.prepared import Prepared
from lepto.read.record import Intake, Record
from lepto.report import (
    Code,
    CriterionStanding,
    EvidenceUsed,
    FactUsed,
    Fractionation,
    KnowledgeUsed,
    Phase,
    Prognosis,
    Reason,
    Regimen,
    Report,
    Request,
    Verdict,
)
from lepto.vocabulary import LEPTO, ONTOLOGY, local_name

STANDINGS = {"meets": "met", "doesNotMeet": "not-met", "leavesOpen": "unknown"}
VERDICTS = {"recommended": 0, "consider": 1, "against": 2, "undetermined": 3}
FELLS = {"entry": "not-met", "requires": "not-met", "unless": "met"}
NOT_MET = LEPTO + "doesNotMeet"
ASKED = (
    "verdicts",
    "because",
    "options",
    "cautions",
    "awaited",
    "prognosis",
    "withdrawn",
    "outside",
    "requests",
    "assumed",
    "criteria",
    "witnesses",
    "stated",
    "decisive",
)
"""The queries of `queries/explain/` that are asked about patients."""
KNOWN = ("explain/terms", "explain/sources", "explain/regimens", "explain/codes")
"""The queries that are asked about the knowledge alone."""
CERTAINTIES = ("unsupported", "very low", "low", "moderate", "high")


class Explainer:
    """Answers the questions of a report from a store in which verdicts were derived.

    In: the knowledge. What depends on the knowledge alone is looked up once.
    """

    def __init__(self, knowledge: Prepared) -> None:
        self.knowledge = knowledge

    def explain(self, store: Store, patients: Iterable[tuple[Record, tuple[Finding, ...]]], on: date) -> list[Report]:
        """Return a report for each patient, given as a record and its findings, in their order."""
        answers = _Answers(self, store)
        return [answers.report(record, findings, on) for record, findings in patients]

    def refuse(self, record: Record, findings: tuple[Finding, ...], on: date) -> Report:
        """Return the report of a patient whose data had a violation: findings, and nothing derived from them."""
        return Report(record.patient, on.isoformat(), self.used, findings, (), (), (), (), self.caveats, record.intake)

    # What depends on the knowledge alone

    @cached_property
    def used(self) -> KnowledgeUsed:
        """The ontology, its version and the guideline."""
        guideline = min(value for values in self._said["partOfGuideline"].values() for value in values)
        return KnowledgeUsed(ONTOLOGY, self._text("versionInfo")[ONTOLOGY], f"lepto:{local_name(guideline)}")

    @cached_property
    def caveats(self) -> tuple[str, ...]:
        """The limits of use that go with every answer."""
        return tuple(sorted(self.statements[iri] for iri in self._instances("Caveat")))

    @cached_property
    def statements(self) -> dict[str, str]:
        """The sentence of every assumption, caution, caveat and prognostic statement."""
        return self._text("statement")

    @cached_property
    def questions(self) -> dict[str, str]:
        """The question that every fact answers, by the fact's name."""
        return {local_name(iri): text for iri, text in self._text("question").items()}

    @cached_property
    def populations(self) -> dict[str, str]:
        """Whom every prognostic statement is about."""
        return self._text("population")

    @cached_property
    def notations(self) -> dict[str, str]:
        """Every strength as the contract writes it."""
        return self._text("notation")

    @cached_property
    def strengths(self) -> dict[str, str]:
        """The strength of every rule, as the contract writes it; an ask has none."""
        return {rule: self.notations[strength] for rule, strength in self._text("strength").items()}

    @cached_property
    def needs(self) -> dict[str, list[tuple[str, str]]]:
        """For every rule the criteria on which it rests, each with its role: of the pathway, of the rule, or an
        exception.
        """
        found: dict[str, list[tuple[str, str]]] = {}
        for rule in self._instances("Rule"):
            found[rule] = [
                *(
                    ("entry", criterion)
                    for pathway in self._pathways(rule)
                    for criterion in self._values(pathway, "entryCriterion")
                ),
                *(("requires", criterion) for criterion in self._values(rule, "requires")),
                *(("unless", criterion) for criterion in self._values(rule, "unless")),
            ]
        return found

    def _pathways(self, part: str) -> list[str]:
        """The pathways around a rule or a pathway, the outermost first."""
        return [one for around in self._values(part, "withinPathway") for one in (*self._pathways(around), around)]

    @cached_property
    def sources(self) -> dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[EvidenceUsed, ...]]]:
        """For everything that rests on sources: its claims, its resolutions and the evidence behind them."""
        claims, resolutions = defaultdict(set), defaultdict(set)  # type: dict[str, set[str]], dict[str, set[str]]
        evidence: dict[str, dict[str, EvidenceUsed]] = defaultdict(dict)
        for source, claim, resolution, shown, *how in self.knowledge.known("explain/sources"):
            subject = _iri(source)
            if claim is not None:
                claims[subject].add(local_name(_iri(claim)))
            if resolution is not None:
                resolutions[subject].add(local_name(_iri(resolution)))
            if shown is not None:
                directness, certainty, verification = map(_text, how)
                item = EvidenceUsed(
                    local_name(_iri(shown)), directness or "unknown", certainty, verification or "unknown"
                )
                evidence[subject][item.id] = min(item, evidence[subject].get(item.id, item), key=_certainty)
        subjects = {*claims, *resolutions, *evidence}
        return {
            subject: (
                tuple(sorted(claims[subject])),
                tuple(sorted(resolutions[subject])),
                tuple(sorted(evidence[subject].values(), key=lambda e: e.id)),
            )
            for subject in subjects
        }

    @cached_property
    def regimens(self) -> dict[str, Regimen]:
        """The regimen of every action that has one."""
        rows: dict[tuple[str, str], list[QuerySolution]] = defaultdict(list)
        for row in self.knowledge.known("explain/regimens"):
            rows[_iri(row["action"]), _iri(row["regimen"])].append(row)
        return {action: self._regimen(regimen, parts) for (action, regimen), parts in rows.items()}

    def _regimen(self, iri: str, rows: list[QuerySolution]) -> Regimen:
        claims, resolutions, _ = self.sources.get(iri, ((), (), ()))
        phases = [row for row in rows if row["doses"] is not None]
        followers = {_iri(row["next"]) for row in phases if row["next"] is not None}
        ordered: list[QuerySolution] = [row for row in phases if _iri(row["part"]) not in followers]
        while len(ordered) < len(phases) and ordered[-1]["next"] is not None:
            ordered += [row for row in phases if row["part"] == ordered[-1]["next"]]
        fractionations = sorted((row for row in rows if row["fractions"] is not None), key=lambda row: str(row["part"]))
        return Regimen(
            id=local_name(iri),
            label=self.knowledge.label(iri),
            dose=_text(phases[0]["dose"]) if phases else None,
            unit=_text(phases[0]["unit"]) if phases else None,
            formulation=_text(rows[0]["formulation"]),
            phases=tuple(
                Phase(
                    local_name(_iri(row["part"])),
                    int(_text(row["doses"]) or 0),
                    _text(row["period"]) or "",
                    int(duration) if (duration := _text(row["duration"])) else None,
                    _text(row["openEnded"]) == "true",
                )
                for row in ordered
            ),
            fractionations=tuple(
                Fractionation(
                    local_name(_iri(row["part"])),
                    _text(row["dose"]) or "",
                    _text(row["unit"]) or "",
                    int(_text(row["fractions"]) or 0),
                )
                for row in fractionations
            ),
            claims=claims,
            resolutions=resolutions,
        )

    @cached_property
    def codes(self) -> dict[str, tuple[Code, ...]]:
        """The external codes of every action and of every fact."""
        found: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for row in self.knowledge.known("explain/codes"):
            found[_iri(row["concept"])].add((_iri(row["system"]), _text(row["code"]) or ""))
        return {concept: tuple(Code(*pair) for pair in sorted(pairs)) for concept, pairs in found.items()}

    # Look-ups

    def ask(self, store: Store, name: str) -> QuerySolutions:
        """Return the rows of a query of `queries/explain/`."""
        answer = store.query(self.knowledge.query_text(f"explain/{name}"))
        assert isinstance(answer, QuerySolutions)
        return answer

    @cached_property
    def _said(self) -> dict[str, dict[str, list[str]]]:
        """What is said of terms: by the name of a property, for every term its values, sorted."""
        found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for property_, term, value in self.knowledge.known("explain/terms"):
            assert isinstance(value, NamedNode | Literal)
            found[local_name(_iri(property_))][_iri(term)].add(value.value)
        return {name: {term: sorted(values) for term, values in said.items()} for name, said in found.items()}

    def _text(self, name: str) -> dict[str, str]:
        return {term: values[0] for term, values in self._said.get(name, {}).items()}

    def _values(self, subject: str, name: str) -> list[str]:
        return self._said.get(name, {}).get(subject, [])

    def _instances(self, name: str) -> list[str]:
        return [term for term, classes in self._said["type"].items() if LEPTO + name in classes]


class _Answers:
    """The rows of every question about one batch of patients, each asked once."""

    def __init__(self, explainer: Explainer, store: Store) -> None:
        self.of = explainer
        self.label = explainer.knowledge.label
        self.verdicts: dict[str, list[QuerySolution]] = defaultdict(list)
        for row in explainer.ask(store, "verdicts"):
            self.verdicts[_iri(row["patient"])].append(row)
        self.because = self._groups(store, "because")
        self.options = self._groups(store, "options")
        self.cautions = self._groups(store, "cautions")
        self.awaited = self._groups(store, "awaited")
        self.prognosis = self._groups(store, "prognosis")
        self.entries: dict[str, dict[tuple[str, str], str]] = {}
        self.withdrawn = self._groups(store, "withdrawn")
        self.outside = self._groups(store, "outside")
        self.requests: dict[str, list[QuerySolution]] = defaultdict(list)
        for row in explainer.ask(store, "requests"):
            self.requests[_iri(row["patient"])].append(row)
        self.assumed: dict[tuple[str, str], set[str]] = defaultdict(set)
        for patient, rows in self._groups(store, "assumed").items():
            for criterion, assumption in rows:
                self.assumed[patient, criterion].add(assumption)
        self._criteria(store)

    def _groups(self, store: Store, name: str) -> dict[str, list[tuple[str, ...]]]:
        """The rows of a question, all of whose columns are IRIs, by their first column."""
        groups: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for row in self.of.ask(store, name):
            key, *others = map(_iri, row)
            groups[key].append(tuple(others))
        return groups

    def _criteria(self, store: Store) -> None:
        """Note the standing of every criterion, and the facts as stated on which it rests."""
        self.standing: dict[tuple[str, str], str] = {}
        for patient, standing, criterion in (map(_iri, row) for row in self.of.ask(store, "criteria")):
            self.standing[patient, criterion] = STANDINGS[local_name(standing)]
        witnesses = {tuple(map(_iri, row)) for row in self.of.ask(store, "witnesses")}
        stated: dict[tuple[str, str], list[QuerySolution]] = defaultdict(list)
        for row in self.of.ask(store, "stated"):
            stated[_iri(row["patient"]), _iri(row["fact"])].append(row)
        self.facts: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
        for patient, criterion, fact in (map(_iri, row) for row in self.of.ask(store, "decisive")):
            for statement in stated[patient, fact]:
                if statement["treatment"] is None or (_iri(statement["value"]), criterion) in witnesses:
                    self.facts[patient, criterion].add((local_name(fact), _shown(statement)))

    # The report of one patient

    def report(self, record: Record, findings: tuple[Finding, ...], on: date) -> Report:
        """Return the report of one patient, put together from the rows."""
        patient = record.iri
        self.entries[patient] = _sources(record.intake)
        verdicts = sorted(
            (self._verdict(patient, row) for row in self.verdicts[patient]),
            key=lambda v: (VERDICTS[v.verdict], v.action),
        )
        leant = {
            assumption
            for verdict in verdicts
            for reason in verdict.because
            for criterion in reason.criteria
            for assumption in self.assumed[patient, LEPTO + criterion.criterion]
        }
        return Report(
            patient=record.patient,
            on=on.isoformat(),
            knowledge=self.of.used,
            findings=(*findings, *self._remarks(patient)),
            verdicts=tuple(verdicts),
            requests=tuple(self._requests(patient, verdicts, leant)),
            prognosis=tuple(self._prognosis(patient)),
            assumptions=tuple(sorted(self.of.statements[assumption] for assumption in leant)),
            caveats=self.of.caveats,
            intake=record.intake,
        )

    def _verdict(self, patient: str, row: QuerySolution) -> Verdict:
        verdict, action, outcome = _iri(row["verdict"]), _iri(row["action"]), local_name(_iri(row["outcome"]))
        strength = self.of.notations[_iri(row["strength"])] if row["strength"] is not None else None
        reasons = [self._reason(patient, rule, standing) for rule, standing in self.because[verdict]]
        return Verdict(
            action=local_name(action),
            label=self.label(action),
            verdict=strength if outcome == "Offered" and strength else outcome.lower(),
            bar=strength if outcome == "Against" else None,
            because=tuple(sorted(reasons, key=lambda r: (_rank(r), r.rule))),
            options=tuple(sorted(local_name(option) for (option,) in self.options[verdict])),
            regimen=self.of.regimens.get(action) if outcome == "Offered" else None,
            cautions=tuple(sorted(self.of.statements[caution] for (caution,) in self.cautions[verdict])),
            codes=self.of.codes.get(action, ()),
            missing=tuple(sorted(local_name(fact) for (fact,) in self.awaited[verdict])),
        )

    def _reason(self, patient: str, rule: str, standing: str) -> Reason:
        claims, resolutions, evidence = self.of.sources.get(rule, ((), (), ()))
        return Reason(
            rule=local_name(rule),
            label=self.label(rule),
            strength=self.of.strengths.get(rule, "asks"),
            standing=STANDINGS[local_name(standing)],
            criteria=tuple(
                self._criterion(patient, role, criterion)
                for role, criterion in self.of.needs.get(rule, [])
                if standing != NOT_MET or self.standing[patient, criterion] == FELLS[role]
            ),
            claims=claims,
            resolutions=resolutions,
            evidence=evidence,
        )

    def _criterion(self, patient: str, role: str, criterion: str) -> CriterionStanding:
        key = patient, criterion
        return CriterionStanding(
            criterion=local_name(criterion),
            label=self.label(criterion),
            role=role,
            standing=self.standing[key],
            facts=tuple(
                FactUsed(name, value, self.entries[patient].get((name, value)), self.of.codes.get(LEPTO + name, ()))
                for name, value in sorted(self.facts[key])
            ),
            assumed=bool(self.assumed[key]),
        )

    def _requests(self, patient: str, verdicts: list[Verdict], leant: set[str]) -> Iterator[Request]:
        decides: dict[str, set[str]] = defaultdict(set)
        blocking: set[str] = set()
        asked: dict[str, set[str]] = defaultdict(set)
        for row in self.requests[patient]:
            fact = local_name(_iri(row["fact"]))
            decides[fact].add(local_name(_iri(row["action"])))
            asked[fact].add(_text(row["question"]) or self.of.questions[fact])
            if _text(row["blocking"]) == "true":
                blocking.add(fact)
        for assumption in leant:
            for fact in map(local_name, self.of._values(assumption, "asksFor")):
                if fact not in blocking:
                    asked[fact].add(self.of.questions[fact])
                    decides[fact] |= {v.action for v in verdicts if self._leans(patient, v, assumption)}
        for fact in sorted(decides, key=lambda fact: (fact not in blocking, fact)):
            codes = self.of.codes.get(LEPTO + fact, ())
            yield Request(fact, " ".join(sorted(asked[fact])), fact in blocking, tuple(sorted(decides[fact])), codes)

    def _leans(self, patient: str, verdict: Verdict, assumption: str) -> bool:
        criteria = (criterion.criterion for reason in verdict.because for criterion in reason.criteria)
        return any(assumption in self.assumed[patient, LEPTO + criterion] for criterion in criteria)

    def _prognosis(self, patient: str) -> Iterator[Prognosis]:
        for (statement,) in sorted(self.prognosis[patient]):
            claims, _, evidence = self.of.sources.get(statement, ((), (), ()))
            yield Prognosis(self.of.statements[statement], self.of.populations[statement], claims, evidence)

    def _remarks(self, patient: str) -> Iterator[Finding]:
        for action, declined in sorted(self.withdrawn[patient]):
            text = f"The offer of {self.label(action)} is withdrawn, since the patient declines {self.label(declined)}."
            yield Finding("info", "declinedTreatment", local_name(declined), text)
        for pathway, criterion in sorted(self.outside[patient]):
            text = f"Nothing of {self.label(pathway)} applies, since it is refuted that {self.label(criterion)}."
            yield Finding("info", None, None, text)


def _sources(intake: Intake | None) -> dict[tuple[str, str], str]:
    """For each fact as stated the entries of the health record from which it came."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for used in intake.used if intake else ():
        found[used.property, used.value].append(used.source)
    return {fact: ", ".join(sources) for fact, sources in found.items()}


def _certainty(item: EvidenceUsed) -> int:
    """The lowest certainty first: an item that supports several claims is shown with the weakest of them."""
    return CERTAINTIES.index(item.certainty) if item.certainty else len(CERTAINTIES)


def _rank(reason: Reason) -> int:
    return {"met": 0, "unknown": 1, "not-met": 2}[reason.standing]


def _shown(statement: QuerySolution) -> str:
    """A fact as its owner would write it; a course as its treatment and status."""
    if statement["treatment"] is not None:
        return f"{local_name(_iri(statement['treatment']))} ({local_name(_iri(statement['status']))})"
    value = statement["value"]
    return local_name(value.value) if isinstance(value, NamedNode) else _text(value) or ""


def _iri(term: object) -> str:
    if not isinstance(term, NamedNode):
        raise TypeError(f"an IRI was expected, not {term!r}")
    return term.value


def _text(term: object) -> str | None:
    return term.value if isinstance(term, Literal) else None
