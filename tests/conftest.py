"""What every test may ask for."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from lepto.knowledge import Knowledge, load
from lepto.recommend import Recommender

settings.register_profile("ci", max_examples=60, deadline=None, print_blob=True)
settings.register_profile("quick", max_examples=20, deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "quick")


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    """The knowledge that comes with the package."""
    return load()


@pytest.fixture(scope="session")
def recommender(knowledge: Knowledge) -> Recommender:
    """The stages of an answer, prepared once."""
    return Recommender(knowledge)
