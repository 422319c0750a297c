"""The page of operations: the issues that it tells of are those that status has."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "operations.md").read_text()
ISSUE = re.compile(r"^\| `(?:WARNING|CRITICAL): ([^`]+)` \|", re.MULTILINE)
LEFT_OPEN = re.compile(r"\b(?:program NAME|self-healing-main|NAME|FILE|ID|N)\b|[…\"]")


def told() -> Iterator[str]:
    """Give each text that the daemon may tell, with a gap where a value goes."""
    for file in sorted(TOP.glob("selfhealingd/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Constant(value=str(text)):
                    yield text
                case ast.JoinedStr(values=parts):
                    yield "".join(
                        str(part.value) if isinstance(part, ast.Constant) else "…"
                        for part in parts
                    )


TOLD = tuple(told())


def known(issue: str) -> bool:
    """Whether each part of an issue that is no name or number is in the code."""
    parts = [part.strip(" :,") for part in LEFT_OPEN.split(issue)]
    return all(any(part in text for text in TOLD) for part in parts)


@pytest.mark.parametrize("issue", ISSUE.findall(PAGE))
def test_an_issue_is_told_so(issue: str) -> None:
    """Whoever looks for what status says finds it here, word by word."""
    assert known(issue)


def test_what_nobody_tells_is_found() -> None:
    """A part that the code says otherwise by now."""
    assert not known("program NAME has become FATAL")
