"""Slices answered on Apache Spark: a job each, told when it is finished; the first fault ends the run."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from subprocess import TimeoutExpired
from threading import current_thread, main_thread
from typing import IO, Any, Final, TextIO

from lepto.cohort.executors import Executor, WorkerLostError, held
from lepto.cohort.job import Done, Job, Task
from lepto.cohort.work import Work
from lepto.errors import LeptoError, one_line
from lepto.read.limits import MIB

AT_ONCE: Final = 256
"""So many slices are handed to Spark before the first of them is finished."""
SECONDS: Final = 5
"""So often it is looked whether Spark is still there while no slice is finished, and so long Java may take to end."""
FAULT: Final = re.compile(r"\b(?:\w+(?:Error|Exception)|Reason): \S.*")
"""What says in Spark's log why something failed; the last such line says why the application did."""

_works: dict[Job, tuple[Work, TextIO]] = {}
"""What a worker of Spark has prepared, and what it holds; it is kept from slice to slice."""


def on_spark(master: str) -> Executor:
    """Return what answers on Spark, by the URL of its master, such as "local[4]" or "spark://host:7077".

    Every worker must reach the files under the same names, and have this package installed under the same version.
    """

    def answer(job: Job, tasks: Sequence[Task]) -> Iterator[Done]:
        with ThreadPoolExecutor(min(len(tasks), AT_ONCE)) as pool, _context(master) as context:
            work = partial(_on_worker, Path.cwd(), job)
            running = {pool.submit(context.parallelize([task], 1).map(work).collect) for task in tasks}
            try:
                while running:
                    done, running = wait(running, SECONDS, FIRST_COMPLETED)
                    for one in done:
                        (answered,) = one.result()
                        yield _done(answered)
                    if not done:
                        _refuse_ended(context)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    return answer


def _on_worker(folder: Path, job: Job, task: Task) -> Done | LeptoError:
    """Answer a slice where names of files mean what they mean to the driver; an error of ours is an answer too, for
    Spark would try again, and tell it as a fault of its own.
    """
    try:
        os.chdir(folder)
        if job not in _works:
            _works[job] = Work(job), held(job)
        return _works[job][0].do(task)
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
    logging.getLogger().addHandler(logging.NullHandler())  # Py4J tells the root of faults that are told here in a line.
    faults = (Py4JError, PySparkException, ConnectionError)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    conf = SparkConf().setMaster(master).setAppName("lepto cohort").set("spark.ui.showConsoleProgress", "false")
    conf.setExecutorEnv("POLARS_MAX_THREADS", "1")  # A task has one core.
    if master.startswith("local"):
        conf.set("spark.driver.host", "localhost").set("spark.driver.bindAddress", "127.0.0.1")
        conf.set("spark.ui.enabled", "false")
    context = None
    try:
        with _interrupts_later():
            java = SparkContext._gateway or launch_gateway(conf, {"stdout": _log(), "stderr": _log()})
            SparkContext._gateway, SparkContext._jvm = java, java.jvm
        context = SparkContext(conf=conf, gateway=java)
        context._accumulatorServer.handle_error = lambda *_: None  # Python would print it.
        yield context
        context.stop()
    except faults as error:
        if context is None:
            raise LeptoError(f"Spark cannot be begun: {_reason(error)}; name a master, such as local[4]") from None
        mend = f"does {one_line(master)} answer, and can its workers import lepto? --resume goes on"
        raise WorkerLostError(f"Spark gave up: {_reason(error)}; {mend} from what is finished") from None
    finally:
        if context is None or context._jsc is not None:
            _end(SparkContext, context)


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Put off interrupts: Java, of which nobody has hold while it begins, would be left behind."""
    caught: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM) if current_thread() is main_thread() else ()
    before = {number: signal.signal(number, lambda number, _: caught.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if caught:
        signal.raise_signal(caught[0])


def _end(spark: Any, context: Any) -> None:
    """End Java, and so whatever it still runs on the cluster; who waits for its answer is told that it is gone."""
    if java := getattr(spark._gateway, "proc", None):
        java.terminate()
        try:
            java.wait(SECONDS)
        except TimeoutExpired:
            java.kill()
    if context is not None:
        context._jsc = None
        context.stop()
    spark._gateway = spark._jvm = None


def _refuse_ended(context: Any) -> None:
    """Raise what Spark raises where its application has ended: jobs that came too late would be waited for forever."""
    from py4j.protocol import Py4JError

    if context._jsc.sc().isStopped():
        raise Py4JError("its application has ended")


@cache
def _log() -> IO[bytes]:
    """The file to which Java writes in place of standard error: nobody wants to read it but after a fault."""
    return tempfile.TemporaryFile()


def _reason(error: Exception) -> str:
    """What Spark says of a fault, in one line; the log is read without moving the place to which Java writes."""
    log = os.pread(_log().fileno(), MIB, max(0, os.fstat(_log().fileno()).st_size - MIB))
    return one_line((FAULT.findall(log.decode(errors="replace")) or [str(error)])[-1][:300])
