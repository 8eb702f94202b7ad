"""The page of a run: its tables in Markdown, its picture, and the figures themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.catalogue import ROADS
from benchmarks.roads.road import Kind, Says
from benchmarks.take import Took
from benchmarks.targets import TARGETS

Run = Mapping[str, Any]
SAID = {Says.ROWS: "verdicts", Says.VERDICTS: "verdicts", Says.STANDINGS: "standings", Says.NOTHING: "nothing"}
COLOURS = {Kind.LEPTO: "#0b6e4f", Kind.PEER: "#b5651d", Kind.FLOOR: "#9a9a9a"}


def write(run: Run, page: Path) -> None:
    """Write the page, and beside it a folder of its name with the figures (`last-run.json`) and the picture."""
    folder = page.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "last-run.json").write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    _picture(run, folder / "rates.svg")
    page.write_text(table(run), encoding="utf-8")


def table(run: Run) -> str:
    """Return the page of a run."""
    took = [Took(**one) for one in run["took"]]
    return "\n".join(
        (
            "# How fast, and whether all agree",
            "",
            _opening(run),
            "",
            "![Patients a second, by road](performance/rates.svg)",
            "",
            "## Roads",
            "",
            *_roads(took),
            "",
            *_left_out(run),
            "## Targets",
            "",
            *_targets(took, run["single"]),
            "",
            "## Growth",
            "",
            *_growth(took),
            "",
            "## Agreement",
            "",
            *_agreement(run),
            "",
        )
    )


def _opening(run: Run) -> str:
    machine, options = run["machine"], run["options"]
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    sizes, seconds = _listed(options["sizes"]), f"{options['seconds']:g}"
    return (
        f"Made by `scripts/benchmark` on {run['date']} at commit {run['commit']}; the patients are invented"
        f" (`benchmarks/registry.py`, seed {options['seed']}).\n"
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}, {machine['system']}, Python"
        f" {machine['python']}; {versions}.\n"
        "Absolute figures move from machine to machine: the ratios are what counts. Research software, not a medical"
        " device.\n\n"
        f"Each road runs in a process of its own over cohorts of {sizes} patients, until one takes longer than\n"
        f"{seconds} s; then only whom it answered by then counts. *Start* is what the process takes besides answering\n"
        "(Python, the knowledge, an engine). *Peak* is the most memory that the process, or one that it started, held;"
        "\nof Spark that is the driver's Python alone, without Java and the workers."
    )


def _roads(took: Sequence[Took]) -> Iterable[str]:
    cql = max((one.rate for one in took if one.road == "cql"), default=None)
    rows = [
        (
            ROADS[one.road].label,
            SAID[ROADS[one.road].says],
            f"{one.patients:,}",
            _three(one.rate),
            _three(one.rate / cql) if cql else "",
            _three(one.whole - one.seconds),
            f"{one.peak:,.0f}",
        )
        for one in _longest(took)
    ]
    yield from _table(("road", "says", "patients", "a second", "times CQL", "start, s", "peak, MiB"), rows)


def _left_out(run: Run) -> Iterable[str]:
    for name, lack in run["lacking"].items():
        yield f"Left out: {ROADS[name].label}, since {lack}."
        yield ""


def _targets(took: Sequence[Took], single: Mapping[str, float]) -> Iterable[str]:
    rows = []
    for target in TARGETS:
        measured = target.measured(took, single)
        sign = "" if target.more else "<= "
        bounds = [f"{sign}{bound:g} {target.unit}" for bound in (target.at_least, target.aim)]
        rows.append((target.what, *bounds, f"{_three(measured)} {target.unit}" if measured else "not measured"))
    yield from _table(("", "at least", "aim", "measured"), rows)


def _growth(took: Sequence[Took]) -> Iterable[str]:
    sizes = sorted({one.size for one in took})
    yield "Seconds of answering (peak memory in MiB); the time grows as the number of patients to the *e*."
    yield ""
    rows = []
    for road in dict.fromkeys(one.road for one in took):
        whole = {one.size: one for one in took if one.road == road and one.patients == one.size}
        if len(whole) > 1:
            cells = [f"{_three(whole[s].seconds)} ({whole[s].peak:,.0f})" if s in whole else "" for s in sizes]
            rows.append((ROADS[road].label, *cells, f"{_exponent(list(whole.values())):.2f}"))
    yield from _table(("road", *(f"{size:,}" for size in sizes), "e"), rows)


def _exponent(took: Sequence[Took]) -> float:
    """The slope of a line through the times on logarithmic axes."""
    return float(np.polyfit(np.log([one.size for one in took]), np.log([one.seconds for one in took]), 1)[0])


def _agreement(run: Run) -> Iterable[str]:
    yield "Every row of what two roads say of the same patients, in all columns that both have."
    yield ""
    rows = [
        (
            ROADS[one["road"]].label,
            ROADS[one["reference"]].label,
            ", ".join(one["columns"]),
            f"{one['patients']:,}",
            f"{one['rows']:,}",
            f"{one['differing']:,}",
        )
        for one in run["compared"]
    ]
    yield from _table(("road", "held against", "columns", "patients", "rows", "differ"), rows)


def _longest(took: Sequence[Took]) -> Iterable[Took]:
    """The run of each road over the most patients."""
    longest = {one.road: one for one in sorted(took, key=lambda one: one.patients)}
    return (longest[name] for name in ROADS if name in longest)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    for row in (heads, ["---"] * len(heads), *rows):
        yield f"| {' | '.join(row)} |"


def _three(number: float) -> str:
    """A number with three digits that count."""
    return f"{float(f'{number:.3g}'):,.10g}"


def _listed(sizes: Sequence[int]) -> str:
    return ", ".join(f"{size:,}" for size in sizes)


def _picture(run: Run, path: Path) -> None:
    """Draw patients a second, a bar a road, on a logarithmic axis."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "lepto"
    import matplotlib.pyplot as plt

    rows = sorted(_longest([Took(**one) for one in run["took"]]), key=lambda one: one.rate)
    figure, axes = plt.subplots(figsize=(9, 0.34 * len(rows) + 1.2), layout="constrained")
    bars = axes.barh(
        [ROADS[one.road].label for one in rows],
        [one.rate for one in rows],
        color=[COLOURS[ROADS[one.road].kind] for one in rows],
    )
    axes.bar_label(bars, [_three(one.rate) for one in rows], padding=3, fontsize=8)
    axes.set(xscale="log", xlabel="patients a second")
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
