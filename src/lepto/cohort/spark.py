"""Slices answered on Apache Spark: a job each, told when it is finished; the first fault ends the run."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import IO, Any, Final

from lepto.cohort.executors import Executor, WorkerLostError
from lepto.cohort.job import Done, Job, Task
from lepto.cohort.work import Work
from lepto.errors import LeptoError, one_line
from lepto.read.limits import MIB

AT_ONCE: Final = 256
"""So many slices are handed to Spark before the first of them is finished."""
FAULT: Final = re.compile(r"\b(?:\w+(?:Error|Exception)|Reason): \S.*")
"""What says in Spark's log why something failed; the last such line says why the application did."""

_works: dict[Job, Work] = {}
"""What a worker of Spark has prepared; it is kept from slice to slice."""


def on_spark(master: str) -> Executor:
    """Return what answers on Spark, by the URL of its master, such as "local[4]" or "spark://host:7077".

    Every worker must reach the files under the same names, and have this package installed under the same version.
    """

    def answer(job: Job, tasks: Sequence[Task]) -> Iterator[Done]:
        with _context(master) as context, ThreadPoolExecutor(min(len(tasks), AT_ONCE)) as pool:
            work = partial(_on_worker, Path.cwd(), job)
            try:
                running = [pool.submit(context.parallelize([task], 1).map(work).collect) for task in tasks]
                for one in as_completed(running):
                    (answered,) = one.result()
                    yield _done(answered)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                context.cancelAllJobs()

    return answer


def _on_worker(folder: Path, job: Job, task: Task) -> Done | LeptoError:
    """Answer a slice where names of files mean what they mean to the driver; an error of ours is an answer too, for
    Spark would try again, and tell it as a fault of its own.
    """
    try:
        os.chdir(folder)
        if job not in _works:
            _works[job] = Work(job)
        return _works[job].do(task)
    except LeptoError as error:
        return error


def _done(answer: Done | LeptoError) -> Done:
    if isinstance(answer, LeptoError):
        raise answer
    return answer


@contextmanager
def _context(master: str) -> Iterator[Any]:
    """Lend a connection to a cluster; what Spark cannot do is one line."""
    try:
        from py4j.protocol import Py4JError
        from pyspark import SparkConf, SparkContext
        from pyspark.errors import PySparkException
        from pyspark.java_gateway import launch_gateway
    except ImportError:
        raise LeptoError("--spark needs PySpark; pip install 'lepto[cohort,spark]' installs it") from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    conf = SparkConf().setMaster(master).setAppName("lepto cohort").set("spark.ui.showConsoleProgress", "false")
    conf.setExecutorEnv("POLARS_MAX_THREADS", "1")  # A task has one core.
    if master.startswith("local"):
        conf.set("spark.driver.host", "localhost").set("spark.driver.bindAddress", "127.0.0.1")
        conf.set("spark.ui.enabled", "false")
    try:
        java = SparkContext._gateway or launch_gateway(conf, {"stderr": _log()})
        context = SparkContext(conf=conf, gateway=java)
    except (Py4JError, PySparkException) as error:
        raise LeptoError(f"Spark cannot be begun: {_reason(error)}; name a master, such as local[4]") from None
    try:
        yield context
    except (Py4JError, PySparkException) as error:
        mend = f"does {one_line(master)} answer, and can its workers import lepto? --resume goes on"
        raise WorkerLostError(f"Spark gave up: {_reason(error)}; {mend} from what is finished") from None
    finally:
        context.stop()


@cache
def _log() -> IO[bytes]:
    """The file to which Java writes in place of standard error: nobody wants to read it but after a fault."""
    return tempfile.TemporaryFile()


def _reason(error: Exception) -> str:
    """What Spark says of a fault, in one line; the log is read without moving the place to which Java writes."""
    log = os.pread(_log().fileno(), MIB, max(0, os.fstat(_log().fileno()).st_size - MIB))
    return one_line((FAULT.findall(log.decode(errors="replace")) or [str(error)])[-1][:300])
