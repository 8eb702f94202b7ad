"""The knowledge as answers need it, kept between commands in the user's cache folder.

Kept is data, never code: the part of the graph that the queries about patients read, those queries, and the answers to
those about the knowledge alone. It is kept under the hash of whatever it is made of, so that it cannot be stale; a file
that is damaged, or that somebody else may write, is as good as none, and so is a folder that cannot be used.
`LEPTO_CACHE` names another folder, or says "off".
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from functools import lru_cache
from io import FileIO
from pathlib import Path
from typing import Any

import pyoxigraph
from pyoxigraph import NamedNode, QueryResultsFormat, QuerySolutions, RdfFormat, Store, Triple, parse_query_results

from lepto.derive import STEPS
from lepto.errors import KnowledgeError
from lepto.explain import ASKED, KNOWN
from lepto.prepared import Prepared, folder
from lepto.step import Block, Step
from lepto.vocabulary import OWL, RDF_TYPE

VARIABLE = "LEPTO_CACHE"
ENDING = ".prepared"
KEPT = 4
"""Files that stay in the folder: who edits the ontology makes a new one at every change."""

_PREFIX = re.compile(r"^PREFIX (\w+): <([^>]*)>", re.MULTILINE)
_NAMED = re.compile(r"<([^<>\s]+)>|\b(\w+):(\w+)")


class Recalled(Prepared):
    """The knowledge as it was kept. It knows no more than answers about patients need."""

    def __init__(self, root: Path, kept: dict[str, Any]) -> None:
        self.root = root
        self.steps = tuple(
            Step(template, tuple(Block(*block) for block in blocks)) for template, blocks in kept["steps"]
        )
        self._queries: dict[str, str] = kept["queries"]
        self._answers: dict[str, str] = kept["answers"]
        self.store = Store()
        self.store.bulk_load(kept["graph"], format=RdfFormat.N_TRIPLES)

    def query_text(self, name: str) -> str:
        """Return the text of a query about patients."""
        if name not in self._queries:
            raise KnowledgeError(f"the query {name} is not among those for which the knowledge was prepared")
        return self._queries[name]

    def known(self, name: str) -> QuerySolutions:
        """Return the answer to a query about the knowledge alone."""
        answer = parse_query_results(self._answers[name], format=QueryResultsFormat.TSV)
        assert isinstance(answer, QuerySolutions)
        return answer


@lru_cache(maxsize=1)
def recall() -> Prepared:
    """Return the knowledge that comes with the package, prepared once a process."""
    knowledge = recalled(folder(), cache_folder())
    gc.freeze()  # It lives as long as the process: looking through it for garbage takes a tenth of every answer.
    return knowledge


def recalled(root: Path, kept_in: Path | None) -> Prepared:
    """Return the knowledge of a folder as it is kept in another, or else prepare it and keep it there.

    Raises KnowledgeError where the knowledge cannot be used.
    """
    key = _key(root) if kept_in else None
    path = kept_in / f"lepto-{key}{ENDING}" if kept_in and key else None
    if path and (kept := _read(path)):
        return Recalled(root, json.loads(kept))
    from lepto.knowledge import Knowledge  # only here: it takes as long to import as all the rest of an answer

    knowledge = Knowledge(root)
    if path:
        content = json.dumps(_what_is_kept(knowledge)).encode()
        if _key(root) == key:  # else a source was changed while it was read
            _write(path, content)
    return knowledge


def cache_folder() -> Path | None:
    """Return where prepared knowledge is kept: the folder that LEPTO_CACHE names, or that of the user's platform."""
    if (wanted := os.environ.get(VARIABLE)) is not None:
        return None if wanted in ("", "off") else Path(wanted)
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "lepto"
    named = Path(os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", ""))
    return (named if named.is_absolute() else home / ".cache") / "lepto"


# What it is made of


def _key(root: Path) -> str | None:
    """The hash of the sources, of this program and of its engine; None where they cannot be read."""
    digest = hashlib.sha256(pyoxigraph.__version__.encode())
    try:
        for place, ending in ((root / "ontology", ""), (root / "queries", ""), (Path(__file__).parent, ".py")):
            for path in sorted(_files(place, ending)):
                with FileIO(path) as stream:
                    content = stream.readall()
                digest.update(f"{path.removeprefix(str(place))} {len(content)}\n".encode() + content)
    except OSError:
        return None
    return digest.hexdigest()


def _files(place: Path, ending: str) -> Iterator[str]:
    for within, _, names in os.walk(place):
        yield from (f"{within}/{name}" for name in names if name.endswith(ending))


# What is kept


def _what_is_kept(knowledge: Prepared) -> dict[str, Any]:
    names = (*(f"derive/{step}" for step in STEPS), *(f"explain/{name}" for name in ASKED))
    queries = {name: knowledge.query_text(name) for name in names}
    compiled = (text for step in knowledge.steps for text in (step.template, *(b.pattern for b in step.blocks)))
    graph = _read_by((*compiled, *queries.values()), knowledge.store)
    return {
        "steps": [(step.template, [astuple(block) for block in step.blocks]) for step in knowledge.steps],
        "queries": queries,
        "answers": {name: _tsv(knowledge.known(name)) for name in ("prepare/facts", "prepare/labels", *KNOWN)},
        "graph": "\n".join(f"{triple} ." for triple in graph),
    }


def _read_by(queries: Iterable[str], store: Store) -> list[Triple]:
    """Return the triples that queries can read: those of the properties that they name, and the classes of values.

    A property that a query leaves open is one of a patient's, who is not in the store yet.
    """
    named = {iri for query in queries for iri in _named_in(query)}
    return sorted((quad.triple for quad in store if _can_be_read(quad.triple, named)), key=str)


def _can_be_read(triple: Triple, named: set[str]) -> bool:
    if triple.predicate.value != RDF_TYPE:
        return triple.predicate.value in named
    class_ = triple.object
    return isinstance(class_, NamedNode) and (class_.value in named or not class_.value.startswith(OWL))


def _named_in(query: str) -> Iterator[str]:
    prefixes = dict(_PREFIX.findall(query))
    for iri, prefix, name in _NAMED.findall(query):
        yield iri or prefixes.get(prefix, "") + name


def _tsv(answer: QuerySolutions) -> str:
    return (answer.serialize(format=QueryResultsFormat.TSV) or b"").decode()


# The file: its own hash, and JSON


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as stream:
            if not _is_ours(os.fstat(stream.fileno())):
                return None
            digest, _, content = stream.read().partition(b"\n")
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest().encode() == digest else None


def _is_ours(found: os.stat_result) -> bool:
    """Tell whether only the user can have written a file; where there are no user ids, the folder says so."""
    return not hasattr(os, "geteuid") or (found.st_uid == os.geteuid() and not found.st_mode & 0o022)


def _write(path: Path, content: bytes) -> None:
    """Keep a file whole or not at all."""
    from tempfile import NamedTemporaryFile

    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix="lepto-", suffix=ENDING, delete=False) as stream:
            stream.write(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
        Path(stream.name).replace(path)
        files = sorted(path.parent.glob(f"lepto-*{ENDING}"), key=lambda file: file.stat().st_mtime)
        for old in files[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return
