"""The answer for one patient, as values that never change; the fields are those of the contract."""

from __future__ import annotations

from dataclasses import dataclass

from lepto.finding import Finding
from lepto.read.record import Intake


@dataclass(frozen=True)
class Code:
    """A code by which health records know an action or a fact; `system` is the URI under which they cite it."""

    system: str
    code: str


@dataclass(frozen=True)
class FactUsed:
    """A fact on which a criterion rests; `source` names the record that it came from, where the input names one;
    `codes` are those of the property, not of the value.
    """

    property: str
    value: str | None
    source: str | None = None
    codes: tuple[Code, ...] = ()


@dataclass(frozen=True)
class CriterionStanding:
    """A criterion of a rule for this patient: `role` is "entry" (of its pathway), "requires" or "unless"; `standing`
    is "met", "not-met" or "unknown".
    """

    criterion: str
    label: str
    role: str
    standing: str
    facts: tuple[FactUsed, ...]
    assumed: bool


@dataclass(frozen=True)
class EvidenceUsed:
    """An evidence item behind a claim; `certainty` is this project's appraisal of the claim, None where there is
    none.
    """

    id: str
    directness: str
    certainty: str | None
    verification: str


@dataclass(frozen=True)
class Reason:
    """A rule behind a verdict, with everything that leads from it to the facts and to the sources."""

    rule: str
    label: str
    strength: str
    standing: str
    criteria: tuple[CriterionStanding, ...]
    claims: tuple[str, ...]
    resolutions: tuple[str, ...]
    evidence: tuple[EvidenceUsed, ...]


@dataclass(frozen=True)
class Phase:
    """A stretch of a regimen: `doses` in each `period` (UCUM) for `duration` periods, None where the source gives no
    end.
    """

    id: str
    doses: int
    period: str
    duration: int | None
    open_ended: bool


@dataclass(frozen=True)
class Fractionation:
    """A total dose together with the number of fractions in which it is given."""

    id: str
    dose: str
    unit: str
    fractions: int


@dataclass(frozen=True)
class Regimen:
    """How an action is given, as its source has it: a dose in phases, or alternative fractionations."""

    id: str
    label: str
    dose: str | None
    unit: str | None
    formulation: str | None
    phases: tuple[Phase, ...]
    fractionations: tuple[Fractionation, ...]
    claims: tuple[str, ...]
    resolutions: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What the guideline says of one action; `bar` is the severest strength of a verdict against."""

    action: str
    label: str
    verdict: str
    bar: str | None
    because: tuple[Reason, ...]
    options: tuple[str, ...]
    regimen: Regimen | None
    cautions: tuple[str, ...]
    codes: tuple[Code, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """A fact to find out, and the actions whose verdicts it would settle; a blocking one holds at least one of them
    back.
    """

    property: str
    question: str
    blocking: bool
    decides: tuple[str, ...]
    codes: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Prognosis:
    """A statement about the outlook of a group to which the patient belongs. It triggers nothing."""

    statement: str
    population: str
    claims: tuple[str, ...]
    evidence: tuple[EvidenceUsed, ...]


@dataclass(frozen=True)
class KnowledgeUsed:
    """The knowledge from which an answer was derived."""

    ontology: str
    version: str
    guideline: str


@dataclass(frozen=True)
class Report:
    """The whole answer for one patient on one day; `intake` is what was made of a health record, where there is one."""

    patient: str
    on: str
    knowledge: KnowledgeUsed
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    requests: tuple[Request, ...]
    prognosis: tuple[Prognosis, ...]
    assumptions: tuple[str, ...]
    caveats: tuple[str, ...]
    intake: Intake | None = None

    @property
    def refused(self) -> bool:
        """Whether the data had a violation, so that nothing was derived."""
        return any(finding.severity == "violation" for finding in self.findings)
