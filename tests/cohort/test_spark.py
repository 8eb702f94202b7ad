"""A cohort on Spark: the same files as without, and what goes wrong is one line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pytest
from benchmarks.registry import patients

from lepto.cohort import spark
from lepto.cohort.job import Done, Job, Task
from lepto.cohort.outputs import Format
from lepto.cohort.sources import Kind, Slice
from lepto.reason import java

pytestmark = [
    pytest.mark.java,
    pytest.mark.slow,
    pytest.mark.skipif(java() is None, reason="Spark needs Java, and none is found"),
    pytest.mark.skipif(find_spec("pyspark") is None, reason="there is no PySpark; scripts/setup-spark installs it"),
]
FILES = ("a.ndjson", "b.csv", "c.ndjson")
"""A slice a file."""


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A folder with patients in several files, one of whom is in two of them."""
    drawn = [json.dumps(patient) + "\n" for patient in patients(600, 20261125)]
    (tmp_path / FILES[0]).write_text("".join(drawn[:300]))
    (tmp_path / FILES[1]).write_text("id,ageYears,csfCytology\nC1,54,CytologyPositive\nC2,40%,CytologyPositive\n")
    (tmp_path / FILES[2]).write_text("".join([*drawn[300:], drawn[0]]))
    return tmp_path


def cohort(folder: Path, out: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Answer the cohort of a folder by the command, which is told of it by relative names."""
    command = [sys.executable, "-m", "lepto.cli", "cohort", *FILES, "--out", out, "--on", "2026-11-22", *more]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def touch(path: Path, stat: os.stat_result) -> None:
    """Give a file the time of another state of it: what a run was asked tells files apart by size and time."""
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def files(folder: Path) -> dict[str, bytes]:
    """The files below a folder, by their names."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("master", ["local[2]", "local-cluster[2,1,1024]"])
def test_spark_writes_the_same_bytes(registry: Path, master: str) -> None:
    """In one process, and with executors that are processes of their own; a patient given twice is refused too."""
    plain, spark = cohort(registry, "plain"), cohort(registry, "spark", "--spark", master)
    assert (spark.returncode, spark.stderr) == (plain.returncode, plain.stderr) == (1, "")
    assert spark.stdout.replace("spark", "plain") == plain.stdout
    assert spark.stdout.startswith("603 patients")
    expected = files(registry / "plain")
    assert sum(name.startswith("verdicts/") for name in expected) == len(FILES)
    assert files(registry / "spark") == expected


def test_spark_goes_on_from_what_is_finished(registry: Path) -> None:
    """A run that a slice has ended is resumed on Spark when the slice is mended, and ends in the same bytes."""
    whole = (registry / FILES[1]).read_bytes()
    cohort(registry, "plain")
    stat = (registry / FILES[1]).stat()
    (registry / FILES[1]).write_bytes(whole.replace(b"54", b"\xff4"))
    touch(registry / FILES[1], stat)
    assert cohort(registry, "spark", "--spark", "local[1]").returncode == 2
    (registry / FILES[1]).write_bytes(whole)
    touch(registry / FILES[1], stat)
    assert cohort(registry, "spark", "--spark", "local[2]", "--resume").returncode == 1
    assert files(registry / "spark") == files(registry / "plain")


def test_a_worker_is_kept_from_slice_to_slice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What it has prepared serves all slices: one process answers what comes to one core."""

    def told(folder: Path, job: Job, task: Task) -> Done:
        return Done(task, os.getpid())

    monkeypatch.setattr(spark, "_on_worker", told)
    tasks = [Task(number, Slice(Kind.LINES, tmp_path, 0, 0, 1, 0)) for number in range(4)]
    done = list(spark.on_spark("local[1]")(Job(tmp_path, Format.CSV, date(2026, 11, 22)), tasks))
    assert sorted(one.task.number for one in done) == [0, 1, 2, 3]
    assert len({one.patients for one in done} - {os.getpid()}) == 1


def test_a_slice_that_cannot_be_read_is_told_as_without_spark(registry: Path) -> None:
    (registry / FILES[1]).write_bytes(b"id,ageYears\nC1,5\xff\n")
    plain, spark = cohort(registry, "plain", "--jobs", "1"), cohort(registry, "spark", "--spark", "local[2]")
    assert (spark.returncode, spark.stderr) == (plain.returncode, plain.stderr)
    assert spark.returncode == 2
    assert spark.stderr.startswith("lepto: b.csv: ")
    assert spark.stderr.count("\n") == 1


def test_a_master_that_is_none_is_one_line(registry: Path) -> None:
    done = cohort(registry, "spark", "--spark", "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("lepto: Spark cannot be begun: ")
    assert done.stderr.count("\n") == 1
    assert not [*(registry / "spark").iterdir()]


def test_a_cluster_that_does_not_answer_is_one_line(registry: Path) -> None:
    """No patient is answered, and nothing is torn: the run can be gone on with."""
    done = cohort(registry, "spark", "--spark", "spark://localhost:1")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("lepto: Spark gave up: ")
    assert done.stderr.count("\n") == 1
    assert cohort(registry, "spark", "--resume").returncode == 1


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_spark_begins_leaves_no_java(registry: Path, blow: signal.Signals) -> None:
    command = [sys.executable, "-m", "lepto.cli", "cohort", *FILES, "--out", "spark", "--spark", "local[1]"]
    with subprocess.Popen(command, cwd=registry, stderr=subprocess.PIPE, text=True) as run:
        while not (found := Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()):
            assert run.poll() is None
            time.sleep(0.05)
        time.sleep(0.5)
        run.send_signal(blow)
        _, told = run.communicate(timeout=60)
    assert (run.returncode, told.count("\n")) == (130, 1), told
    assert not any(Path(f"/proc/{java}/cmdline").is_file() for java in found)


def test_a_cluster_that_is_lost_is_one_line(registry: Path) -> None:
    """Java is killed once slices are finished: these stay, but for two with a patient who is given twice."""
    more = ("--slice", "4000", "--by-sparql")
    command = [sys.executable, "-m", "lepto.cli", "cohort", *FILES, "--out", "spark", "--on", "2026-11-22", *more]
    with subprocess.Popen([*command, "--spark", "local[1]"], cwd=registry, stderr=subprocess.PIPE, text=True) as run:
        while len(kept := [path.stem for path in registry.glob("spark/.work/*.sha256")]) < 3:
            assert run.poll() is None
            time.sleep(0.1)
        (jvm,) = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        os.kill(int(jvm), signal.SIGKILL)
        _, told = run.communicate(timeout=60)
    assert run.returncode == 4
    assert told.startswith("lepto: Spark gave up: ")
    assert told.count("\n") == 1
    tables = [registry / "spark" / "verdicts" / f"{name}.parquet" for name in kept]
    before = [path.stat().st_mtime_ns for path in tables]
    assert cohort(registry, "spark", *more, "--resume").returncode == 1
    assert sum(path.stat().st_mtime_ns == then for path, then in zip(tables, before, strict=True)) >= len(kept) - 2
    assert cohort(registry, "plain", *more).returncode == 1
    assert files(registry / "spark") == files(registry / "plain")
