"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from lepto.knowledge import Knowledge, load
from lepto.recall import VARIABLE
from lepto.recommend import Recommender

settings.register_profile("ci", max_examples=60, deadline=None, print_blob=True)
settings.register_profile("quick", max_examples=20, deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "quick")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's cache folder is left alone, by commands that tests run too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    """The knowledge that comes with the package."""
    return load()


@pytest.fixture(scope="session")
def recommender(knowledge: Knowledge) -> Recommender:
    """The stages of an answer, prepared once."""
    return Recommender(knowledge)
