"""The command `lepto`."""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import NoReturn

from lepto.errors import LeptoError, one_line

ANSWERED, FINDINGS, FAILED = 0, 1, 2
DISCLAIMER = "Research software, not a medical device; the guideline's source is unreviewed."
EPILOG = f"""exit status: 0 answered; 1 answered, and at least one patient's data had a violation, or a check or the
verification failed; 2 the command could not run: one line on standard error names the file, the place in it and the
mend. Of a cohort also: 3 the answers cannot be written; 4 a process was ended from outside; 130 interrupted.

{DISCLAIMER}"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; an error is one line on standard error."""
    options = _parser().parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], int] = options.run
        status = run(options)
        sys.stdout.flush()
        return status
    except LeptoError as error:
        print(f"lepto: {error}", file=sys.stderr)
        return error.status
    except BrokenPipeError:
        sys.stderr.close()
        return ANSWERED
    except OSError as error:
        print(one_line(f"lepto: the answer cannot be written: {error.strerror}"), file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("lepto: interrupted", file=sys.stderr)
        return FAILED


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line that names the mend."""

    def error(self, message: str) -> NoReturn:
        print(one_line(f"{self.prog}: {message}; {self.prog} --help shows how"), file=sys.stderr)
        raise SystemExit(FAILED)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="lepto",
        description="How to start treating a patient with leptomeningeal metastasis: an ontology, asked by SPARQL.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the versions of the program and of the ontology")
    parser.set_defaults(run=lambda options: _version() if options.version else _usage(parser))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _recommend_command(commands)
    _validate_command(commands)
    _check_command(commands)
    _reason_command(commands)
    _query_command(commands)
    _compile_command(commands)
    _code_system_command(commands)
    _verify_command(commands)
    _explain_command(commands)
    _document_command(commands)
    _cohort_command(commands)
    return parser


def _command(
    commands: argparse._SubParsersAction[_Parser], name: str, summary: str, example: str
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=summary[:1].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}\n\n{EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


FILES = (
    "patient files: JSON, NDJSON, Turtle, N-Triples, JSON-LD, CSV, FHIR R4, told apart by content; - is standard input"
)


def _recommend_command(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = _command(
        commands,
        "recommend",
        "read patients, validate them, derive what the guideline says and explain it",
        "lepto recommend patient.json --format text",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help=FILES)
    parser.add_argument(
        "--format", choices=("text", "json", "ttl", "fhir"), default="text", help="form of the answer (default: text)"
    )
    parser.add_argument(
        "--on", type=_day, default=None, metavar="DATE", help="day of the question, YYYY-MM-DD (default: today)"
    )
    parser.set_defaults(run=_recommend)


def _recommend(options: argparse.Namespace) -> int:
    from lepto.recommend import recommend
    from lepto.render import render

    reports = list(recommend(options.files, options.on or date.today(), _progress))
    sys.stdout.write(render(reports, options.format))
    if not reports:
        print("lepto: 0 patients in the input", file=sys.stderr)
    return FINDINGS if any(report.refused for report in reports) else ANSWERED


def _validate_command(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = _command(
        commands,
        "validate",
        "check patient data against the SHACL shapes and print the findings",
        "lepto validate patient.json",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help=FILES)
    parser.add_argument(
        "--on", type=_day, default=None, metavar="DATE", help="day of the question, YYYY-MM-DD (default: today)"
    )
    parser.set_defaults(run=_validate)


def _validate(options: argparse.Namespace) -> int:
    from lepto.knowledge import load
    from lepto.read import Intaking, read
    from lepto.validate import Validator

    knowledge, on = load(), options.on or date.today()
    records = read(options.files, knowledge.facts, Intaking(knowledge, on))
    findings = Validator(knowledge).validate(records, on)
    for record, found in zip(records, findings, strict=True):
        for finding in found:
            about = f" {finding.property}" if finding.property else ""
            value = f" = {finding.value}" if finding.value is not None else ""
            print(f"{record.patient}: {finding.severity}:{about}{value}: {finding.message}".replace(":: ", ": "))
    refused = sum(any(finding.severity == "violation" for finding in found) for found in findings)
    print(f"{len(records)} patients looked at, {refused} refused, {sum(map(len, findings))} findings")
    return FINDINGS if refused else ANSWERED


def _check_command(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = _command(
        commands,
        "check",
        "check ourselves: ontology and rules under shapes and lint queries, the reasoner, the mappings",
        "lepto check --source article.txt",
    )
    parser.add_argument(
        "--source", type=Path, metavar="FILE", help="the text of the source, to prove every claim's position in it"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the result (default: text)")
    parser.add_argument(
        "--without", action="append", default=[], metavar="NAME", help="leave out one check; may be repeated"
    )
    parser.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    from lepto.check import checks
    from lepto.knowledge import load

    results = []
    for result in checks(load(), options.source, options.without):
        results.append(result)
        if options.format == "text":
            print(result.line(), flush=True)
    if options.format == "json":
        print(json.dumps([asdict(result) | {"failed": result.failed} for result in results], indent=2))
    return FINDINGS if any(result.failed for result in results) else ANSWERED


def _reason_command(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = _command(
        commands,
        "reason",
        "classify patients with HermiT, or explain an inconsistency by the axioms at fault (needs Java)",
        "lepto reason patient.json",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help=FILES)
    parser.add_argument("--seconds", type=float, default=300, help="time limit of the reasoner (default: 300)")
    parser.set_defaults(run=_reason)


def _reason(options: argparse.Namespace) -> int:
    from lepto.classify import classify_patients, contradiction_in
    from lepto.knowledge import load
    from lepto.read import Intaking, read
    from lepto.validate import sorted_by_findings

    knowledge = load()
    records = read(options.files, knowledge.facts, Intaking(knowledge, date.today()))
    print(f"reasoning over the ontology and {len(records)} patients with HermiT", file=sys.stderr)
    sound, refused = sorted_by_findings(knowledge, records, date.today())
    for answer in classify_patients(knowledge, sound, seconds=options.seconds):
        print(answer.patient)
        for standing in ("met", "not-met", "unknown"):
            names = sorted(name for name, value in answer.standings.items() if value == standing)
            if names:
                print(f"  {standing}: {', '.join(names)}")
    for record, findings in refused:
        print(record.patient)
        for finding in findings:
            print(f"  {finding.severity}: {finding.message}")
        for axiom in contradiction_in(knowledge, record, seconds=options.seconds):
            print(f"  cannot hold together with the others: {axiom}")
    return FINDINGS if refused else ANSWERED


def _query_command(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = _command(
        commands,
        "query",
        "run a catalogued query, or any SPARQL file, over the graph, with or without patients",
        "lepto query competency/dangling-citations",
    )
    parser.add_argument(
        "query", nargs="?", metavar="NAME_OR_FILE", help="a name or number from --list, or the path of a SPARQL file"
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help=FILES)
    parser.add_argument(
        "--list", action="store_true", help="list the catalogued queries, then the competency questions"
    )
    parser.add_argument(
        "--on", type=_day, default=None, metavar="DATE", help="day of the question, YYYY-MM-DD (default: today)"
    )
    parser.add_argument(
        "--code",
        metavar="SYSTEM|CODE",
        help="find the concepts that are mapped to a code of another terminology; a CURIE or an IRI will do too",
    )
    parser.set_defaults(run=_query)


def _query(options: argparse.Namespace) -> int:
    from lepto.knowledge import load
    from lepto.query import catalogue, query, questions

    if options.code:
        return _query_by_code(options)
    if options.list or not options.query:
        for entry in catalogue(load()):
            print(f"{entry.name}: {entry.question}")
        for question in questions(load()):
            answers = ", ".join(question.queries) or question.command or f"not answered yet: {question.reason}"
            print(f"{question.code}: {question.text} {answers}")
        return ANSWERED
    answer = query(load(), options.query, options.files, options.on or date.today())
    sys.stdout.write(answer.text)
    _left_out(answer.left_out)
    return FINDINGS if answer.left_out else ANSWERED


def _query_by_code(options: argparse.Namespace) -> int:
    from lepto.knowledge import load
    from lepto.query import QueryError, query_by_code

    if options.query:
        raise QueryError("--code is a query by itself: leave out the name and the files")
    answer = query_by_code(load(), options.code)
    sys.stdout.write(answer.text)
    if answer.text.count("\n") == 1:
        print(one_line(f"lepto: no concept is mapped to {options.code}"), file=sys.stderr)
    return ANSWERED


def _compile_command(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = _command(
        commands,
        "compile",
        "print one portable SPARQL 1.1 query that derives the standings of every patient in any endpoint",
        "lepto compile > guideline.rq",
    )
    parser.set_defaults(run=_compile)


def _compile(options: argparse.Namespace) -> int:
    from lepto.knowledge import load

    sys.stdout.write(load().compiled.portable)
    return ANSWERED


def _code_system_command(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = _command(
        commands,
        "code-system",
        "print the names of facts, values and treatments as a FHIR R4 CodeSystem, for what no terminology has a code",
        "lepto code-system > CodeSystem-FactCodes.json",
    )
    parser.set_defaults(run=_code_system)


def _code_system(options: argparse.Namespace) -> int:
    from lepto.knowledge import load
    from lepto.render.code_system import render

    sys.stdout.write(render(load()))
    return ANSWERED


def _verify_command(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = _command(
        commands,
        "verify",
        "enumerate every patient that the guideline could meet, and look for gaps, contradictions and the like",
        "lepto verify --witnesses witnesses/",
    )
    parser.add_argument(
        "--action", action="append", default=[], metavar="NAME", help="look at this action alone; may be repeated"
    )
    parser.add_argument(
        "--sample",
        type=_count,
        default=2000,
        metavar="N",
        help="patients to draw where no action is named (default: 2000)",
    )
    parser.add_argument("--seed", type=int, default=20261124, help="from which they are drawn (default: 20261124)")
    parser.add_argument("--processes", type=_count, default=None, metavar="N", help="how many work (default: all)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the answer (default: text)")
    parser.add_argument(
        "--witnesses", type=Path, metavar="DIR", help="write a patient file for each class of findings into this folder"
    )
    parser.set_defaults(run=_verify)


def _verify(options: argparse.Namespace) -> int:
    from lepto.knowledge import folder
    from lepto.render.verification import made, render, write_witnesses
    from lepto.verify import verify

    if options.witnesses:
        made(options.witnesses)
    verification = verify(
        folder(),
        actions=options.action,
        sample=options.sample,
        seed=options.seed,
        processes=options.processes,
        progress=_told,
    )
    _told("")
    if options.witnesses:
        many = write_witnesses(verification, options.witnesses)
        print(one_line(f"lepto: {many} witnesses written to {options.witnesses}"), file=sys.stderr)
    sys.stdout.write(render(verification, options.format))
    return FINDINGS if verification.failed else ANSWERED


def _explain_command(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = _command(
        commands,
        "explain",
        "find the smallest sets of facts that would change the verdict on an action, and rank what is not stated",
        "lepto explain patient.json --action NAME",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help=FILES)
    parser.add_argument("--action", required=True, metavar="NAME", help="the action whose verdict is to be explained")
    parser.add_argument(
        "--up-to",
        type=int,
        choices=range(1, 6),
        default=3,
        metavar="N",
        help="how many facts may change at once, 1 to 5; each more takes about four times as long (default: 3)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the answer (default: text)")
    parser.add_argument(
        "--on", type=_day, default=None, metavar="DATE", help="day of the question, YYYY-MM-DD (default: today)"
    )
    parser.set_defaults(run=_explain)


def _explain(options: argparse.Namespace) -> int:
    from lepto.explain import Explainer
    from lepto.knowledge import folder
    from lepto.read import Intaking, read
    from lepto.render.explanation import render
    from lepto.validate import sorted_by_findings
    from lepto.verify.counterfactuals import explain
    from lepto.verify.evaluate import Evaluator
    from lepto.verify.grounds import Grounds

    on = options.on or date.today()
    with Evaluator(folder(), on=on) as evaluator:
        grounds = Grounds(evaluator)
        records = read(options.files, grounds.knowledge.facts, Intaking(grounds.knowledge, on))
        sound, refused = sorted_by_findings(evaluator.knowledge, records, on)
        explanations = [explain(grounds, record, options.action, options.up_to) for record in sound]
        sys.stdout.write(render(explanations, options.format, Explainer(evaluator.knowledge).questions))
    _left_out([record.patient for record, _ in refused])
    if not sound and not refused:
        print("lepto: 0 patients in the input", file=sys.stderr)
    return FINDINGS if refused else ANSWERED


def _left_out(patients: Sequence[str]) -> None:
    for patient in patients:
        sentence = f"lepto: {patient} is left out: the record has a violation; lepto validate tells which"
        print(one_line(sentence), file=sys.stderr)


def _document_command(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = _command(
        commands,
        "document",
        "write the decision table as pages and pictures that a clinician can review, in Markdown, HTML and SVG",
        "lepto document --out guideline",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="a new or empty folder, or one with an older document"
    )
    parser.add_argument(
        "--cases", type=Path, metavar="DIR", help="a folder of cases, to tell which of them show a rule"
    )
    parser.set_defaults(run=_document)


def _document(options: argparse.Namespace) -> int:
    from lepto.document import document
    from lepto.knowledge import load

    print(f"{document(load(), options.out, options.cases)} files written to {options.out}")
    return ANSWERED


def _cohort_command(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = _command(
        commands,
        "cohort",
        "answer a whole registry: a row for each patient and action, counts and pictures, in bounded memory",
        "lepto cohort registry.ndjson --out answers",
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="NDJSON, CSV and Parquet of any size, and all that lepto recommend reads; told apart by content",
    )
    parser.add_argument(
        "--endpoint",
        metavar="URL",
        help="a SPARQL endpoint that holds the patients, in place of files; LEPTO_ENDPOINT_USER and "
        "LEPTO_ENDPOINT_PASSWORD, or LEPTO_ENDPOINT_TOKEN, say who asks",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new or empty folder for the answers")
    parser.add_argument(
        "--format", choices=("parquet", "ndjson", "csv", "nq"), default="parquet", help="(default: parquet)"
    )
    parser.add_argument(
        "--on", type=_day, default=None, metavar="DATE", help="day of the question, YYYY-MM-DD (default: today)"
    )
    parser.add_argument("--jobs", type=_count, default=None, metavar="N", help="processes (default: one a core)")
    parser.add_argument("--spark", metavar="MASTER", help='answer on a Spark cluster, such as "local[4]"')
    parser.add_argument(
        "--slice",
        type=_count,
        default=None,
        metavar="N",
        help="what is answered at once: bytes of NDJSON or CSV, rows of Parquet, else patients (default: 8 MiB, "
        "32768 rows, 250 patients of an endpoint, of files what 8 MiB hold)",
    )
    parser.add_argument("--by-sparql", action="store_true", help="answer everyone by SPARQL, without the tables")
    begun = parser.add_mutually_exclusive_group()
    begun.add_argument("--resume", action="store_true", help="go on with a run that was broken off")
    begun.add_argument("--force", action="store_true", help="throw away the answers that the folder holds")
    parser.set_defaults(run=_cohort)


def _cohort(options: argparse.Namespace) -> int:
    try:
        from lepto.cohort.executors import cores, processes
        from lepto.cohort.outputs import Format
        from lepto.cohort.progress import Bar
        from lepto.cohort.run import Options, cohort
        from lepto.cohort.spark import on_spark
    except ModuleNotFoundError as error:
        raise LeptoError(f"lepto cohort needs {error.name}; pip install 'lepto[cohort]' installs it") from None
    if bool(options.files) == bool(options.endpoint):
        raise LeptoError("the patients are in files or in an endpoint; name the files, or the endpoint by --endpoint")
    asked = Options(
        on=options.on or date.today(),
        form=Format(options.format),
        resume=options.resume,
        force=options.force,
        by_sparql=options.by_sparql,
        slice=options.slice,
        endpoint=options.endpoint,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Who ends a run politely gets what Ctrl-C gets.
    executor = on_spark(options.spark) if options.spark else processes(options.jobs or cores())
    with Bar() as bar:
        summary = cohort(options.files, options.out, asked, executor, bar)
    print(f"{summary.patients} patients, {summary.refused} refused; the answers are in {options.out}")
    return FINDINGS if summary.refused else ANSWERED


def _version() -> int:
    from importlib.metadata import version

    from lepto.knowledge import load

    print(f"lepto {version('lepto')}, ontology {load().version}, knowledge {load().digest[:12]}")
    return ANSWERED


def _usage(parser: argparse.ArgumentParser) -> int:
    parser.print_help(sys.stderr)
    return FAILED


def _day(text: str) -> date:
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date of the form YYYY-MM-DD") from None


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of 1 or more")
    return int(text)


def _told(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty() and of > 50:
        print(f"\r{done} of {of} patients", end="\n" if done == of else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
