from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.answer import BadAnswer, commands, question, report
from selfhealingd.core.bundle import Bundle
from selfhealingd.core.diagnosis import By, Fault, Line, Report
from selfhealingd.core.remedy import Run

LINE = Line(number=7, part="output", words="address already in use", said=True)
BUNDLE = Bundle(text="7|output|address already in use\n", lines=(LINE,))
BOOKS = frozenset({"clear-cache"})
GOOD: dict[str, Any] = {
    "cause": "port taken",
    "summary": "Another process\nlistens on its port.",
    "lines": [7],
    "confidence": 0.9,
    "action": "hold",
}


def read(answer: object) -> Report:
    return report(answer, BUNDLE, BOOKS, service="web", incident="web-3")


def test_a_good_answer_is_a_report_of_a_model() -> None:
    """With the lines as they were sent, and commands that are ours."""
    found = read(GOOD)
    assert Fault.PORT_TAKEN is found.cause
    assert By.MODEL is found.by
    assert (LINE,) == found.cited
    assert "Another process listens on its port." == found.summary
    assert "selfhealctl evidence web-3" == found.next_commands[0]
    assert found.next_commands[1].startswith("selfhealctl stop web ")


@pytest.mark.parametrize(
    "wrong",
    [
        {"cause": "gremlins"},
        {"summary": ""},
        {"summary": "x" * 1001},
        {"summary": "\x1b[2J\x1b]0;owned\x07"},
        {"summary": "abc \u202e reversed"},
        {"summary": ["a"]},
        {"lines": []},
        {"lines": [8]},
        {"lines": [-7]},
        {"lines": [7.5]},
        {"lines": "7"},
        {"lines": [7] * 21},
        {"confidence": 1.1},
        {"confidence": -0.1},
        {"confidence": float("nan")},
        {"confidence": True},
        {"confidence": "high"},
        {"action": "rm -rf /"},
        {"action": "run format-disk"},
        {"action": "run clear-cache; reboot"},
        {"action": "reset main"},
        {"action": {"name": "hold"}},
        {"service": "db"},
        {"target": "db"},
    ],
    ids=str,
)
def test_an_answer_that_is_wrong_in_one_field_is_none(wrong: dict[str, Any]) -> None:
    """Actions outside the catalogue, invented lines, other targets, escapes."""
    with pytest.raises(BadAnswer):
        read({**GOOD, **wrong})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON | st.fixed_dictionaries(dict.fromkeys(GOOD, JSON)))
def test_whatever_comes_back_is_a_report_or_a_bad_answer(answer: object) -> None:
    """Nothing else is ever raised, and a report has what was offered alone."""
    try:
        found = read(answer)
    except BadAnswer:
        return
    assert set(found.cited) <= {LINE}


def test_a_runbook_is_advised_by_its_name_alone() -> None:
    """For the service of the incident, whatever the model wrote."""
    found = read({**GOOD, "action": "run clear-cache"})
    assert Run("clear-cache") == found.action
    assert "selfhealctl run clear-cache web --reason" in found.next_commands[1]
    assert 1 == len(commands(read({**GOOD, "action": "no_action"}).action, "w", "w-1"))


def test_the_question_forces_one_strict_tool() -> None:
    """With the operator's runbooks in its catalogue, and the evidence as data."""
    asked = question("a-model", BUNDLE, BOOKS)
    assert BUNDLE.text == asked["messages"][0]["content"]
    assert asked["tool_choice"]["name"] == asked["tools"][0]["name"]
    assert asked["tools"][0]["strict"] is True
    schema = asked["tools"][0]["input_schema"]
    assert "run clear-cache" in schema["properties"]["action"]["enum"]
    assert schema["additionalProperties"] is False
