from typing import Any

import pytest

from selfhealingd.store.migrations import STEPS, VERSION, Step, lift


def renamed(plain: dict[str, Any]) -> dict[str, Any]:
    return {"b": plain["a"]}


def doubled(plain: dict[str, Any]) -> dict[str, Any]:
    return {"b": plain["b"] * 2}


@pytest.mark.parametrize(
    ("version", "before", "after"),
    [(1, {"a": 1}, {"b": 2}), (2, {"b": 1}, {"b": 2}), (3, {"b": 1}, {"b": 1})],
)
def test_each_version_takes_the_steps_after_it(
    version: int, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """In order, and none that was taken before; the present version takes none."""
    steps: tuple[Step, ...] = (renamed, doubled)
    assert after == lift(before, version, steps)


def test_the_present_version_is_left_as_it_is() -> None:
    """There are as many steps as there were versions before this one."""
    plain = {"a": 1}
    assert plain == lift(plain, VERSION)
    assert len(STEPS) == VERSION - 1


def test_a_step_that_finds_no_sense_fails() -> None:
    """The codec takes that for damage."""
    with pytest.raises(KeyError):
        lift({}, 1, (renamed,))
