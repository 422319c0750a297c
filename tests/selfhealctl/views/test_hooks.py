"""Who is told of what, and how that goes, in one table."""

import pytest

from selfhealctl.views.hooks import show_hooks
from selfhealingd.wire.documents import HookDocument


def shown(capsys: pytest.CaptureFixture[str], *hooks: HookDocument) -> str:
    show_hooks(hooks)
    return " ".join(capsys.readouterr().out.split())


def hook(**keys: object) -> HookDocument:
    usual = {"name": "any", "to": "slack", "kind": None, "level": "debug"}
    return HookDocument(**{**usual, "services": None, **keys})  # type: ignore[arg-type]


def test_what_each_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    """In words, with how to try one whose name has a space."""
    said = shown(capsys, hook(name="any 2", level="warning", services=("db", "web")))
    assert "anything, from warning on, of db," in said
    assert "nothing to tell yet" in said
    assert said.endswith('try one: selfhealctl hooks test "any 2"')


def test_one_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """Why and how often; what the other side says sends no escapes to a terminal."""
    said = shown(capsys, hook(row=3, problem="HTTP 500: \x1b[31moh"))
    assert "failed 3 times in a row: HTTP 500" in said
    assert "\x1b" not in said


def test_there_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    """How they are written is said."""
    assert "[on.EVENT]" in shown(capsys)
