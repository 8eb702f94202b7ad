"""What the tests of verification share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lepto.knowledge import folder
from lepto.verify.evaluate import Evaluator
from lepto.verify.grounds import Grounds

Spoil = Callable[..., Path]


@pytest.fixture(scope="package")
def grounds() -> Iterator[Grounds]:
    """The grounds of the guideline as it is, asked by this process alone."""
    with Evaluator(folder(), processes=1) as evaluator:
        yield Grounds(evaluator)


@pytest.fixture
def spoilt(tmp_path: Path) -> Spoil:
    """Make a copy of the knowledge in which something is put in the place of something that stands there once."""

    def make(file: str, old: str, new: str) -> Path:
        for part in ("ontology", "shapes", "queries"):
            shutil.copytree(folder() / part, tmp_path / part)
        path = tmp_path / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file} has {text.count(old)} of what is to be replaced"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return tmp_path

    return make
