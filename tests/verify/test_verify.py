"""The guideline as it is, over every patient it could meet: nothing is found that is not accepted with a reason."""

from __future__ import annotations

import pytest

from lepto.errors import KnowledgeError
from lepto.knowledge import folder
from lepto.render.verification import render, witness
from lepto.verify import Accepted, Enumeration, FindingClass, Verification, verify
from lepto.verify.findings import Found

SAMPLE = 600


@pytest.mark.slow
def test_the_guideline_is_verified_over_all_patients(capsys: pytest.CaptureFixture[str]) -> None:
    """Everything is enumerated, every finding is accepted, and no acceptance is stale."""
    done = verify(folder(), sample=SAMPLE)
    with capsys.disabled():
        print("\n" + render(done, "text"))
    assert [finding.found for finding in done.findings if finding.accepted is None] == []
    assert done.stale == ()
    assert not done.failed
    looked_at = {one.things: one for one in done.enumerations}
    assert len(looked_at) == 8
    assert all(one.many > 0 and one.states > 0 for one in done.enumerations)
    assert looked_at["actions"].combinations > 10**9
    assert looked_at["patients drawn"].many == SAMPLE


def test_an_action_that_no_rule_bears_on_is_refused() -> None:
    with pytest.raises(KnowledgeError, match="no rule bears on Aspirin"):
        verify(folder(), actions=["Aspirin"], processes=1)


def test_an_acceptance_covers_what_is_about_nothing_else() -> None:
    """A new offer beside a known bar is a new finding."""
    accepted = Accepted("A", "Overlap", frozenset({"Bar", "Offer", "Another"}), "Known.")
    assert accepted.covers(Found("Overlap", ("Offer", "Bar"), 1, {}, ""))
    assert not accepted.covers(Found("Overlap", ("NewOffer", "Bar"), 1, {}, ""))
    assert not accepted.covers(Found("Gap", ("Offer", "Bar"), 1, {}, ""))
    assert not accepted.covers(Found("Overlap", (), 1, {}, "")), "a gap in whom nothing is refused is about nothing"


LOOKED = Enumeration("actions", 1, 4, 2, 1, 0.5)
FOUND = Found("Overlap", ("Offer", "Bar"), 3, {"ageYears": 60}, "Something is offered and barred")
KNOWN = Accepted("A", "Overlap", frozenset({"Bar", "Offer"}), "Known.")


@pytest.mark.parametrize(
    "done, failed, told",
    [
        (Verification((LOOKED,), (), (), ()), False, "0 classes of findings, 0 of them not accepted"),
        (Verification((LOOKED,), (FindingClass(FOUND, KNOWN),), (), ()), False, "ok    Overlap: Offer, Bar: 3 states"),
        (Verification((LOOKED,), (FindingClass(FOUND, None),), (), ()), True, "FAIL  Overlap: Offer, Bar: 3 states"),
        (Verification((LOOKED,), (), ("A",), ()), True, "FAIL  A accepts what is found no more"),
        (Verification((Enumeration("actions", 0, 0, 0, 0, 0.0),), (), (), ()), True, "0 actions"),
    ],
)
def test_what_fails_a_verification(done: Verification, failed: bool, told: str) -> None:
    """A finding that is not accepted, an acceptance of nothing, and a look at nothing."""
    assert done.failed is failed
    assert told in render(done, "text")


def test_a_witness_is_a_patient_whose_id_names_the_class() -> None:
    assert witness(FindingClass(FOUND, None)) == {"id": "Overlap-Offer-Bar", "ageYears": 60}
