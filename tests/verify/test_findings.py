"""Every kind of finding is found where it is planted, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from lepto.verify.actions import ActionStates, Rules
from lepto.verify.evaluate import MET
from lepto.verify.findings import (
    Found,
    Strengths,
    idle_requests,
    interacting,
    of_action,
    of_rules,
    opposite_strata,
    together,
)
from lepto.verify.gaps import cover, says_nothing
from lepto.verify.grounds import Grounds
from lepto.verify.sample import REFUSING, drawn, held_against
from tests.verify.conftest import Spoil

POOR = "ontology/initial-treatment/rules/poor-prognosis.ttl"
VERDICTS = "queries/derive/7-verdicts.rq"
NEXT = "lepto:OfferCorticosteroidSymptomManagement\n    a owl:NamedIndividual"
CARE = "BestSupportiveCare"

# Two declared assumptions read silence about whom care is for; verification finds that, and the ontology accepts it.
ASSUMED = [Found("UnknownReadAsNo", (fact, CARE), 1, {}, "") for fact in ("lifeExpectancyMonths", "originTumour")]

RULE = """lepto:{name}
    a owl:NamedIndividual , lepto:{sort} ;
    lepto:partOfGuideline lepto:InitialTreatment ;
    lepto:withinPathway lepto:{pathway} ;
    {what} ;
    rdfs:label "planted"@en ;
.

"""


def planted(name: str, sort: str, what: str, pathway: str = "PoorPathway") -> tuple[str, str, str]:
    """Return the change that adds a rule to the file of poor prognosis."""
    return POOR, NEXT, RULE.format(name=name, sort=sort, what=what, pathway=pathway) + NEXT


def states_of(grounds: Grounds, action: str = CARE) -> ActionStates:
    return ActionStates(Rules(grounds), action)


def about(found: Iterable[Found]) -> set[tuple[str, tuple[str, ...]]]:
    return {(one.kind, one.about) for one in found}


def test_a_sound_action_shows_nothing(grounds: Grounds) -> None:
    """Best supportive care stands for the poor stratum, and only declared assumptions are found about it."""
    states = states_of(grounds)
    assert set(states.words()) == {"none", "recommended", "undetermined"}
    assert about(of_action(states, Strengths(grounds))) == about(ASSUMED)
    looked_at, found = idle_requests(states, 300, 1)
    assert looked_at > 0
    assert found == []


def test_the_states_of_an_action_are_all_patients(grounds: Grounds) -> None:
    """Every sound state is of one kind, and the counts of the kinds add up to the states."""
    states = states_of(grounds)
    assert int(states.counts.sum()) == int(states.grid.sound.sum()) > 0
    assert ((states.of_state >= 0) == states.grid.sound).all()
    assert states.grid.combinations > states.grid.sound.size > len(states.kinds) > 3


def test_an_overlap_is_found(spoilt: Spoil) -> None:
    """A bar that stands beside an offer of the same action."""
    what = f"lepto:bars lepto:{CARE} ; lepto:strength lepto:Avoid ; lepto:requires lepto:HeadachePresent"
    grounds = spoilt(planted("BarCareForHeadache", "Bar", what))
    found = list(of_action(states_of(grounds), Strengths(grounds)))
    assert about(found) - about(ASSUMED) == {("Overlap", ("OfferBestSupportiveCare", "BarCareForHeadache"))}
    assert all(one.witness["headache"] == "Present" for one in found if one.kind == "Overlap")


@pytest.mark.slow
def test_a_contradiction_is_found(spoilt: Spoil) -> None:
    """An action with two verdicts, since the stronger of two offers does not silence the weaker."""
    what = f"lepto:offers lepto:{CARE} ; lepto:strength lepto:MayConsider ; lepto:requires lepto:HeadachePresent"
    weaker = (VERDICTS, "?stronger lepto:outranks ?strength }", "?stronger lepto:outranks lepto:Contraindicated }")
    grounds = spoilt(planted("OfferCareForHeadache", "Offer", what), weaker)
    found = list(of_action(states_of(grounds), Strengths(grounds)))
    assert about(found) - about(ASSUMED) == {("Contradiction", (CARE,))}
    assert {one.told for one in found if one.kind == "Contradiction"} == {"consider and recommended"}


def test_strata_that_overlap_are_found(grounds: Grounds, spoilt: Spoil) -> None:
    """A patient in both prognosis groups, since their thresholds leave a number on both sides."""
    assert [found for _, _, found in opposite_strata(grounds)] == [None]
    below = (
        "ontology/criteria.ttl",
        "owl:withRestrictions ( [ xsd:maxExclusive 70 ] )",
        "owl:withRestrictions ( [ xsd:maxInclusive 70 ] )",
    )
    ((pair, states, found),) = opposite_strata(spoilt(below))
    assert pair == ("FavourablePrognosis", "PoorPrognosis")
    assert states > 0
    assert found is not None
    assert found.witness["karnofskyPerformanceStatus"] == 70


@pytest.mark.slow
def test_unknown_read_as_no_is_found(spoilt: Spoil) -> None:
    """A bar that cannot be ruled out and is taken as ruled out: one fact more turns the offer into a bar."""
    what = f"lepto:bars lepto:{CARE} ; lepto:strength lepto:Avoid ; lepto:requires lepto:HeadachePresent"
    doubt = (
        VERDICTS,
        "FILTER NOT EXISTS { ?patient lepto:isBarredFrom|lepto:mayBeBarredFrom|lepto:holds ?action }",
        "FILTER NOT EXISTS { ?patient lepto:isBarredFrom|lepto:holds ?action }",
    )
    also = (VERDICTS, "EXISTS { ?patient lepto:mayBeBarredFrom ?action }\n      || EXISTS", "EXISTS")
    grounds = spoilt(planted("BarCareForHeadache", "Bar", what), doubt, also)
    found = [one for one in of_action(states_of(grounds), Strengths(grounds)) if one.kind == "UnknownReadAsNo"]
    assert about(found) - about(ASSUMED) == {("UnknownReadAsNo", ("headache", CARE))}
    assert all("headache" not in one.witness for one in found if one.about[0] == "headache")


def test_silence_that_fells_an_exception_is_found(spoilt: Spoil) -> None:
    """An exception that is unknown and taken as refuted: the offer stands, and falls once the fact is stated."""
    offer = "lepto:strength lepto:Recommended ;\n    lepto:basedOnClaim lepto:C37 , lepto:C43 ;"
    exception = (POOR, offer, "lepto:unless lepto:HeadachePresent ; " + offer)
    waits = ("queries/derive/3-rules-open.rq", "lepto:needs|lepto:yieldsTo", "lepto:needs")
    grounds = spoilt(exception, waits)
    found = [one for one in of_action(states_of(grounds), Strengths(grounds)) if one.kind == "UnknownReadAsNo"]
    assert ("UnknownReadAsNo", ("headache", CARE)) in about(found)


@pytest.mark.slow
def test_a_case_split_is_found(spoilt: Spoil) -> None:
    """What is offered alike in both strata need not wait for the stratum, and yet it does."""
    what = f"lepto:offers lepto:{CARE} ; lepto:strength lepto:Recommended"
    grounds = spoilt(planted("OfferCareToTheFavourable", "Offer", what, "FavourablePathway"))
    found = list(of_action(states_of(grounds), Strengths(grounds)))
    (split,) = [one for one in found if one.kind == "CaseSplit"]
    assert split.about == (CARE,)
    assert "karnofskyPerformanceStatus" not in split.witness
    completed = [{**split.witness, "karnofskyPerformanceStatus": value} for value in (10, 60, 70, 100)]
    assert {one.verdict(CARE) for one in grounds.evaluator.outcomes(completed)} == {"recommended"}


@pytest.mark.slow
@pytest.mark.parametrize("how", ["lepto:blocking false", "lepto:blocking true ; lepto:asksEvenIfStated true"])
def test_an_idle_request_is_found(spoilt: Spoil, how: str) -> None:
    """An ask for a fact that no rule on the action reads, and whose answer lifts nothing."""
    what = f"lepto:decides lepto:{CARE} ; lepto:asksFor lepto:csfProtein ; {how} ; lepto:requires lepto:PoorPrognosis"
    _, found = idle_requests(states_of(spoilt(planted("AskForProtein", "Ask", what))), 300, 1)
    assert about(found) == {("IdleRequest", ("csfProtein", CARE))}


@pytest.mark.slow
def test_an_unreachable_rule_is_found(grounds: Grounds, spoilt: Spoil) -> None:
    """A rule of the poor stratum that asks for the favourable one as well."""
    what = f"lepto:offers lepto:{CARE} ; lepto:strength lepto:Recommended ; lepto:requires lepto:FavourablePrognosis"
    torn = spoilt(planted("OfferCareToNobody", "Offer", what))
    found = {one.about for one in of_rules({CARE: states_of(torn)}, Strengths(torn)) if one.kind == "UnreachableRule"}
    assert ("OfferCareToNobody",) in found
    assert ("OfferBestSupportiveCare",) not in found


@pytest.mark.slow
def test_a_shadowed_rule_is_found(spoilt: Spoil) -> None:
    """A weaker offer of the same action under the same criteria and one more."""
    what = f"lepto:offers lepto:{CARE} ; lepto:strength lepto:MayConsider ; lepto:requires lepto:HeadachePresent"
    grounds = spoilt(planted("OfferCareForHeadache", "Offer", what))
    found = [one for one in of_rules({CARE: states_of(grounds)}, Strengths(grounds)) if one.kind == "ShadowedRule"]
    assert about(found) == {("ShadowedRule", ("OfferCareForHeadache",))}
    assert found[0].states > 0


@pytest.mark.slow
def test_offers_that_stand_for_one_choice_are_found_together(grounds: Grounds) -> None:
    """Two alternatives of one class are offered together; alternatives for different tumours are not."""
    pairs = interacting(grounds, Strengths(grounds))
    alike, apart = ("Aumolertinib", "Osimertinib"), ("Aumolertinib", "TucatinibCombination")
    assert {alike, apart} <= set(pairs)
    rules = Rules(grounds)
    everything = {action: ActionStates(rules, action) for action in {*alike, *apart}}
    assert together(everything, alike, pairs[alike]).together > 0
    assert together(everything, apart, pairs[apart]).together == 0
    assert together(everything, apart, pairs[apart]).states > 0


def test_a_plan_that_bars_an_offer_makes_a_pair(grounds: Grounds) -> None:
    """Whole-brain radiotherapy in the plan bars intrathecal methotrexate: the two must not be offered together."""
    pairs = interacting(grounds, Strengths(grounds))
    assert ("IntrathecalMethotrexate", "WholeBrainRadiotherapyWithMemantine") in pairs


def test_who_is_not_spoken_to_is_left_over(grounds: Grounds) -> None:
    """Supportive care leaves over the favourable stratum; with systemic therapy nobody is without a verdict."""
    rules = Rules(grounds)
    care = {CARE: ActionStates(rules, CARE)}
    alone = cover(grounds, care)
    both = cover(grounds, {**care, "CnsActiveSystemicTherapy": ActionStates(rules, "CnsActiveSystemicTherapy")})
    assert alone.left > 0
    assert [one.kind for one in alone.found] == ["Gap"]
    assert (both.left, both.actions) == (0, (CARE, "CnsActiveSystemicTherapy"))


def test_a_gap_is_a_patient_without_verdict_and_request(grounds: Grounds) -> None:
    """Outside the scope nothing is said; inside it something always is."""
    inside = {"ageYears": 60, "leptomeningealMetastasis": "Confirmed"}
    assert says_nothing(grounds, {**inside, "originTumour": "Lymphoma"})
    assert not says_nothing(grounds, inside)


def test_patients_are_drawn_from_every_stratum_and_again_alike(grounds: Grounds) -> None:
    """The same seed draws the same patients, of all strata, who meet what their stratum asks for."""
    patients = drawn(grounds, 60, 7)
    assert patients == drawn(grounds, 60, 7)
    assert patients != drawn(grounds, 60, 8)
    strata = {stratum for stratum, _ in patients}
    assert {"FavourablePathway", "PoorPathway", REFUSING} <= strata
    column = grounds.evaluator.column["criterion", "PoorPrognosis"]
    poor = [patient for stratum, patient in patients if stratum == "PoorPathway"]
    assert poor
    assert (grounds.evaluator.rows(poor)[:, column] == MET).all()


def test_a_verdict_that_was_not_enumerated_is_found(grounds: Grounds) -> None:
    """The sample is held against the enumeration: where the two disagree, it shows."""
    states = states_of(grounds)
    patients = drawn(grounds, 40, 7)
    assert [one for one in held_against(grounds, {CARE: states}, patients) if one.kind == "Unforeseen"] == []
    states.outcomes = states.outcomes[1:] + states.outcomes[:1]
    found = [one for one in held_against(grounds, {CARE: states}, patients) if one.kind == "Unforeseen"]
    assert about(found) == {("Unforeseen", (CARE,))}
