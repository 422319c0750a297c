"""What pages tell to type can be typed: commands, options and arguments exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main

from selfhealctl.app import app
from selfhealingd.__main__ import command_line

TOP = Path(__file__).parents[2]
PAGES = [*sorted(TOP.glob("*.md")), *sorted(TOP.glob("docs/**/*.md"))]
BLOCK = re.compile(r"^```(?:sh)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
OURS = ("selfhealctl", "selfhealingd")
ENDS = {"|", "||", "&&", ";", ">", ">>", "&"}
# Any: whether typer brings a click of its own depends on its version.
CLIENT: Any = typer.main.get_command(app)


def lines(page: Path) -> list[str]:
    """Return the lines of code that have one of our commands in them."""
    text = page.read_text()
    code = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    return [line for line in code if re.search(r"\bselfheal(ctl|ingd) ", line)]


def commands(line: str) -> Iterator[list[str]]:
    """Give each of our commands in a line, with its arguments."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word not in ENDS:
            words.append(word)
            continue
        if words[:1] == ["sudo"]:
            words.pop(0)
        if words and Path(words[0]).name in OURS:
            yield [Path(words[0]).name, *words[1:]]
        words = []


def parse(command: list[str]) -> None:
    """Read a command line as its program does; raises what that does."""
    name, *words = command
    if name == "selfhealingd":
        command_line().parse_args(words)
        return
    with CLIENT.make_context(name, words) as context:
        left = [*context._protected_args, *context.args]
        if left:
            _, found, rest = CLIENT.resolve_command(context, left)
            found.make_context(left[0], rest, parent=context).close()


def examples() -> list[Any]:
    return [
        pytest.param(page, id=str(page.relative_to(TOP)))
        for page in PAGES
        if lines(page)
    ]


@pytest.mark.parametrize("page", examples())
def test_what_a_page_tells_to_type_is_understood(page: Path) -> None:
    """Each line of its code, as the program itself would read it."""
    wrong = []
    for line in lines(page):
        for command in commands(line):
            try:
                parse(command)
            except typer.Exit:
                pass  # it was --version
            except (Exception, SystemExit) as error:  # noqa: BLE001 - any is a mistake
                wrong.append(f"{line}: {error!r}")
    assert [] == wrong


@pytest.mark.parametrize(
    "line",
    [
        "selfhealctl lok web",
        "selfhealctl status --jason",
        "selfhealctl explain",
        "selfhealctl reset --force | cat",
        "true && selfhealingd --chek",
    ],
)
def test_what_cannot_be_typed_is_found(line: str) -> None:
    """A typo, an option that doesn't exist, an argument that is missing."""
    [command] = commands(line)
    with pytest.raises((Exception, SystemExit)):
        parse(command)
