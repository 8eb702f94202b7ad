"""Reports as a FHIR R4 Bundle: what is proposed, what is advised against, and what data are needed.

For each patient a GuidanceResponse; a RequestGroup whose actions are the offers, each with a proposal, alternatives
inside the class that they belong to; a DetectedIssue for each action that is advised against; an OperationOutcome for
findings on the data. Nothing here is an order: every request is a draft and a proposal or an option.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from lepto.finding import Finding
from lepto.read.fhir.entries import is_id
from lepto.report import Reason, Report, Request, Verdict
from lepto.vocabulary import FACT_CODES, LEPTO

LOINC: Final = "http://loinc.org"
SEVERITY: Final = {"contraindicated": "high", "avoid": "moderate", "not-indicated": "low"}
ISSUE: Final = {"violation": "error", "warning": "warning", "info": "information"}


def render(reports: Sequence[Report]) -> str:
    """Return the reports as one Bundle of type collection."""
    seen: Counter[str] = Counter()
    resources: list[dict[str, Any]] = []
    for report in reports:
        resources += _Answer(report, seen[report.patient]).resources()
        seen[report.patient] += 1
    entries = [{"fullUrl": _url(one["resourceType"], one["id"]), "resource": one} for one in resources]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "collection"}
    return json.dumps(bundle | ({"entry": entries} if entries else {}), indent=2, ensure_ascii=False) + "\n"


class _Answer:
    """The resources of one report; `again` is how many reports before it are of a patient of the same id."""

    def __init__(self, report: Report, again: int) -> None:
        self.report = report
        self.key = hashlib.sha256(f"{report.patient} {report.on} {again}".encode()).hexdigest()[:16]
        self.subject: dict[str, Any] = {"identifier": {"value": report.patient}, "display": report.patient}
        if is_id(report.patient):
            self.subject = {"reference": f"Patient/{report.patient}"}
        self.module = f"{report.knowledge.ontology}/{report.knowledge.version}"
        self.offers = [one for one in report.verdicts if one.verdict in ("recommended", "consider")]

    def resources(self) -> Iterator[dict[str, Any]]:
        yield self._guidance()
        if self.report.findings:
            yield self._outcome()
        if self.offers:
            yield self._group()
        for verdict in self.offers:
            yield self._proposal(verdict)
        for verdict in self.report.verdicts:
            if verdict.verdict == "against":
                yield self._issue(verdict)

    def _guidance(self) -> dict[str, Any]:
        """The answer as a whole: with `data-required` where a verdict waits for data, with what is asked for."""
        waits = any(request.blocking for request in self.report.requests)
        status = "failure" if self.report.refused else "data-required" if waits else "success"
        found = self._resource("GuidanceResponse", "answer") | {
            "requestIdentifier": {
                "system": self.report.knowledge.ontology,
                "value": f"{self.report.patient} {self.report.on}",
            },
            "moduleUri": self.module,
            "status": status,
            "subject": self.subject,
            "occurrenceDateTime": self.report.on,
            "note": [{"text": text} for text in (*self.report.assumptions, *self.report.caveats)],
        }
        if self.report.findings:
            found["evaluationMessage"] = [self._reference("OperationOutcome", "findings")]
        if self.offers:
            found["result"] = self._reference("RequestGroup", "offers")
        if self.report.requests:
            found["dataRequirement"] = [self._requirement(request) for request in self.report.requests]
        return found

    def _requirement(self, request: Request) -> dict[str, Any]:
        codes = [_coding(one.system, one.code) for one in request.codes if one.system == LOINC]
        codes.append(_coding(FACT_CODES, request.property))
        return {"type": "Observation", "codeFilter": [{"path": "code", "code": codes}]}

    def _outcome(self) -> dict[str, Any]:
        issues = [self._finding(finding) for finding in self.report.findings]
        return self._resource("OperationOutcome", "findings") | {"issue": issues}

    @staticmethod
    def _finding(finding: Finding) -> dict[str, Any]:
        issue: dict[str, Any] = {"severity": ISSUE[finding.severity], "code": "invalid", "diagnostics": finding.message}
        if finding.severity != "violation":
            issue["code"] = "informational"
        return issue | ({"expression": [finding.property]} if finding.property else {})

    def _group(self) -> dict[str, Any]:
        options = {option for verdict in self.offers for option in verdict.options}
        return self._resource("RequestGroup", "offers") | {
            "status": "draft",
            "intent": "proposal",
            "instantiatesUri": [self.module],
            "subject": self.subject,
            "authoredOn": self.report.on,
            "action": [self._action(verdict) for verdict in self.offers if verdict.action not in options],
        }

    def _action(self, verdict: Verdict) -> dict[str, Any]:
        """An offer: with its alternatives, of which at most one is chosen, or with the proposal itself."""
        action: dict[str, Any] = {
            "title": verdict.label,
            "description": f"{verdict.verdict}: " + "; ".join(_why(verdict)),
            "code": [{"coding": [_coding(FACT_CODES, verdict.action)]}],
            "documentation": [
                {"type": "citation", "display": reason.rule, "url": LEPTO + reason.rule} for reason in _met(verdict)
            ],
        }
        options = [one for one in self.offers if one.action in verdict.options]
        if options:
            return action | {"selectionBehavior": "at-most-one", "action": [self._action(one) for one in options]}
        return action | {"resource": self._reference("ServiceRequest", verdict.action)}

    def _proposal(self, verdict: Verdict) -> dict[str, Any]:
        """An offer as a draft. It is coded as what it is, route included; codes of substances are details of it, so
        that nobody reads an order of a substance by whatever route.
        """
        found = self._resource("ServiceRequest", verdict.action) | {
            "status": "draft",
            "intent": "proposal" if verdict.verdict == "recommended" else "option",
            "code": {"coding": [_coding(FACT_CODES, verdict.action)], "text": verdict.label},
            "subject": self.subject,
            "authoredOn": self.report.on,
        }
        if details := [{"coding": [_coding(one.system, one.code)]} for one in verdict.codes]:
            found["orderDetail"] = details
        if notes := [{"text": text} for text in verdict.cautions]:
            found["note"] = notes
        if sources := self._sources(verdict):
            found["supportingInfo"] = sources
        return found

    def _issue(self, verdict: Verdict) -> dict[str, Any]:
        found = self._resource("DetectedIssue", verdict.action) | {
            "status": "preliminary",
            "code": {"coding": [_coding(FACT_CODES, verdict.action)], "text": f"{verdict.label}: {verdict.bar}"},
            "severity": SEVERITY[verdict.bar or ""],
            "patient": self.subject,
            "identifiedDateTime": self.report.on,
            "detail": "; ".join(_why(verdict)),
            "reference": LEPTO + _met(verdict)[0].rule,
        }
        sources = self._sources(verdict)
        return found | ({"evidence": [{"detail": sources}]} if sources else {})

    def _sources(self, verdict: Verdict) -> list[dict[str, str]]:
        """The entries of the health record on which a verdict rests."""
        named = {
            source: None
            for reason in _met(verdict)
            for criterion in reason.criteria
            for fact in criterion.facts
            for source in (fact.source or "").split(", ")
            if "/" in source and " " not in source
        }
        return [{"reference": source} for source in sorted(named)]

    def _resource(self, kind: str, name: str) -> dict[str, Any]:
        return {"resourceType": kind, "id": self._id(name)}

    def _reference(self, kind: str, name: str) -> dict[str, str]:
        return {"reference": _url(kind, self._id(name))}

    def _id(self, name: str) -> str:
        """An id of FHIR, of 64 characters at most, that no other patient's or day's answer has."""
        return f"{self.key}-{name}"[:64]


def _url(kind: str, name: str) -> str:
    """The URL by which the resources of the bundle refer to each other: they are on no server."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{LEPTO}answer/{kind}/{name}')}"


def _met(verdict: Verdict) -> list[Reason]:
    """The rules that stand: what is proposed or advised against rests on them alone."""
    return [reason for reason in verdict.because if reason.standing == "met"]


def _why(verdict: Verdict) -> list[str]:
    return [f"{reason.label} ({', '.join(reason.claims) or reason.rule})" for reason in _met(verdict)]


def _coding(system: str, code: str) -> dict[str, str]:
    return {"system": system, "code": code}
