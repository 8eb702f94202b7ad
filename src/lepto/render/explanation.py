"""What would change a verdict, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lepto.verify.counterfactuals import Change, Explanation
from lepto.verify.findings import shown


def render(explanations: Sequence[Explanation], form: str, questions: Mapping[str, str]) -> str:
    """Return explanations as "text" or "json"; `questions` are those that facts answer, by the fact's name."""
    if form == "json":
        objects = [_object(explanation, questions) for explanation in explanations]
        return json.dumps(objects, indent=2, ensure_ascii=False) + "\n"
    return "\n".join("".join(f"{line}\n" for line in _lines(one, questions)) for one in explanations)


def _object(explanation: Explanation, questions: Mapping[str, str]) -> dict[str, Any]:
    return {
        "patient": explanation.patient,
        "action": explanation.action,
        "verdict": explanation.verdict,
        "counterfactuals": [
            {
                "verdict": one.verdict,
                "changes": [{"property": c.fact, "before": c.before, "after": list(c.after)} for c in one.changes],
            }
            for one in explanation.counterfactuals
        ],
        "statesLookedAt": explanation.looked_at,
        "upToChanges": explanation.up_to,
        "openFacts": [
            {
                "property": fact.fact,
                "question": questions[fact.fact],
                "settles": list(fact.settles),
                "maySettle": list(fact.may_settle),
            }
            for fact in explanation.open_facts
        ],
    }


def _lines(explanation: Explanation, questions: Mapping[str, str]) -> Iterator[str]:
    yield f"Patient {explanation.patient}: {explanation.action} is {_said(explanation.verdict)}"
    yield ""
    for verdict in sorted({one.verdict for one in explanation.counterfactuals}):
        yield f"It would be {_said(verdict)}"
        for one in explanation.counterfactuals:
            if one.verdict == verdict:
                yield f"  - if {' and '.join(_change(change) for change in one.changes)}"
    if not explanation.counterfactuals:
        yield f"No change of up to {explanation.up_to} facts changes it."
    yield (
        f"Minimal: all {explanation.looked_at:,} states that differ in up to {explanation.up_to} facts were looked at."
    )
    if explanation.open_facts:
        yield ""
        yield "What is not stated, and how many of the undetermined verdicts it would settle"
    for fact in explanation.open_facts:
        yield (
            f"  - {fact.fact}: {len(fact.settles)} whatever it is, {len(fact.may_settle)} perhaps"
            f" ({questions[fact.fact]})"
        )


def _said(verdict: str) -> str:
    return "without a verdict" if verdict == "none" else verdict


def _change(change: Change) -> str:
    values = " or ".join(_value(value) for value in change.after)
    return f"{change.fact} were {values} (it is {_value(change.before)})"


def _value(value: Any) -> str:
    if value is None:
        return "not stated"
    return shown(value) or "empty"
