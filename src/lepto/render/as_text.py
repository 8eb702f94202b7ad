"""Reports as a page that a clinician can read in a minute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from lepto.read.record import Ignored
from lepto.report import CriterionStanding, Reason, Regimen, Report, Verdict

WIDTH = 100
HEADINGS = {
    "recommended": "RECOMMENDED",
    "consider": "MAY BE CONSIDERED",
    "against": "AGAINST",
    "undetermined": "CANNOT BE DECIDED YET",
}
PERIODS = {"wk": "week", "mo": "month"}


def render(reports: Sequence[Report]) -> str:
    """Return the reports one after the other, parted by a rule; say so when there are none."""
    pages = ["\n".join(_page(report)) + "\n" for report in reports]
    return f"{'-' * WIDTH}\n".join(pages) if pages else "0 patients: nothing was asked, and nothing is answered.\n"


def _page(report: Report) -> Iterator[str]:
    yield f"Patient {report.patient}, {report.on} (LEPTO {report.knowledge.version}, {report.knowledge.guideline})"
    if report.findings:
        yield from _section("FINDINGS ON THE DATA")
        for finding in report.findings:
            about = f" {finding.property}" if finding.property else ""
            value = f" = {finding.value}" if finding.value is not None else ""
            yield from _item(f"{finding.severity}:{about}{value}: {finding.message}".replace(":: ", ": "))
    if report.refused:
        yield from _section("NO ANSWER")
        yield from _item("The data must be mended first: nothing is derived from a record with a violation.")
    yield from _list("THE PATIENT", _entries(report))
    shown: set[str] = set()
    for verdict, heading in HEADINGS.items():
        yield from _verdicts(heading, shown, [v for v in report.verdicts if v.verdict == verdict])
    yield from _requests(report)
    yield from _list(
        "OUTLOOK OF SUCH PATIENTS (triggers nothing)",
        [f"{p.statement} [{' '.join(p.claims)}]" for p in report.prognosis],
    )
    yield from _list("ASSUMED", report.assumptions)
    if report.intake:
        used = [f"{one.property} = {one.value} ({one.source})" for one in report.intake.used]
        yield from _list("TAKEN FROM THE HEALTH RECORD", used or ["nothing"])
        yield from _list("NOT USED OF THE HEALTH RECORD", [_ignored(one) for one in report.intake.ignored])
        yield from _list("NOT IN THE HEALTH RECORD", [", ".join(report.intake.missing)] * bool(report.intake.missing))
    yield from _list("MIND", report.caveats)


def _ignored(one: Ignored) -> str:
    return f"{one.source}: {one.reason}" + (f" ({one.property})" if one.property else "")


def _entries(report: Report) -> list[str]:
    """The criteria by which the patient entered pathways, each once."""
    entries = (
        criterion
        for verdict in report.verdicts
        for reason in verdict.because
        for criterion in reason.criteria
        if criterion.role == "entry" and criterion.standing == "met"
    )
    return list(dict.fromkeys(_criterion(entry) for entry in entries))


def _criterion(criterion: CriterionStanding) -> str:
    facts = ", ".join(f"{fact.property} = {fact.value}" for fact in criterion.facts)
    return f"{criterion.label} ({facts or 'assumed'})"


def _verdicts(heading: str, shown: set[str], verdicts: list[Verdict]) -> Iterator[str]:
    if not verdicts:
        return
    yield from _section(heading)
    if verdicts[0].verdict == "undetermined":
        yield from _undetermined(verdicts)
        return
    for verdict in verdicts:
        yield from _item(_line(verdict))
        for text in _details(verdict):
            if not text.startswith("note: ") or text not in shown:
                yield from _item(text, indent=4, mark="")
            shown.add(text)


def _undetermined(verdicts: list[Verdict]) -> Iterator[str]:
    """Actions that hang on the same facts stand together."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.missing, []).append(verdict.label)
    for missing, labels in groups.items():
        yield from _item(_capital("; ".join(labels)))
        yield from _item(f"hang on: {', '.join(missing)}", indent=4, mark="")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _line(verdict: Verdict) -> str:
    name = _capital(verdict.label)
    if verdict.bar:
        return f"{name}: {verdict.bar}"
    if verdict.options:
        return f"{name}; options: {', '.join(verdict.options)}"
    return name


def _details(verdict: Verdict) -> Iterator[str]:
    for reason in verdict.because:
        if (reason.standing == "met" and reason.strength in (verdict.bar, verdict.verdict)) or verdict.bar:
            yield f"because {_because(reason)} [{' '.join((*reason.claims, *reason.resolutions))}{_evidence(reason)}]"
    if verdict.regimen:
        yield f"regimen: {regimen_in_words(verdict.regimen)}"
    yield from (f"note: {caution}" for caution in verdict.cautions)


def _because(reason: Reason) -> str:
    own = [c for c in reason.criteria if c.role == "requires"] or [c for c in reason.criteria if c.role == "entry"][-1:]
    return "; ".join(_criterion(criterion) for criterion in own)


def _evidence(reason: Reason) -> str:
    certainties = sorted({item.certainty for item in reason.evidence if item.certainty})
    return f"; certainty {' / '.join(certainties)}" if certainties else ""


def regimen_in_words(regimen: Regimen) -> str:
    """Return dose and schedule as one line of text."""
    if regimen.fractionations:
        return " or ".join(f"{float(f.dose):g} {f.unit} in {f.fractions} fractions" for f in regimen.fractionations)
    phases = []
    for phase in regimen.phases:
        times = f"{phase.doses} a {PERIODS.get(phase.period, phase.period)}"
        phases.append(
            f"{times} for {phase.duration} {PERIODS.get(phase.period)}s"
            if phase.duration
            else f"{times}, no end stated"
        )
    return f"{float(regimen.dose or 0):g} {regimen.unit} a dose, {regimen.formulation}: {'; then '.join(phases)}"


def _requests(report: Report) -> Iterator[str]:
    if not report.requests:
        return
    yield from _section("FIND OUT FIRST")
    for request in report.requests:
        need = "needed" if request.blocking else "please confirm"
        yield from _item(f"{request.property} ({need}): {request.question}")


def _list(heading: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from _section(heading)
        for line in lines:
            yield from _item(line)


def _section(heading: str) -> Iterator[str]:
    yield ""
    yield heading


def _item(text: str, indent: int = 2, mark: str = "- ") -> Iterator[str]:
    first, rest = " " * indent + mark, " " * (indent + len(mark))
    yield from wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
