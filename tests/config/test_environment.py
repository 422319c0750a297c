"""Variables of a command: strings, expanded; files, taken as they are."""

from collections.abc import Callable
from pathlib import Path

import pytest

from selfhealingd.config import Config

Load = Callable[..., Config]
Wrong = Callable[..., list[str]]


def _program(environment: str) -> str:
    return f'[program.a]\ncommand = "a"\nenvironment = {environment}'


def test_strings(load: Load) -> None:
    """Values are expanded from the daemon's environment."""
    config = load(_program('{ A = "x${V}", B = "$${V}" }'), environ={"V": "y"})
    assert {"A": "xy", "B": "${V}"} == config.launches["a"].environment


@pytest.mark.parametrize(
    ("content", "value"),
    [("s3cret\n", "s3cret"), ("a\nb\n\n", "a\nb\n"), ("${V}", "${V}"), ("x\r\n", "x")],
)
def test_file(load: Load, tmp_path: Path, content: str, value: str) -> None:
    """A file's content loses one newline at its end and is not expanded."""
    (tmp_path / "secret").write_bytes(content.encode())
    config = load(_program('{ A = { file = "${NAME}" } }'), environ={"NAME": "secret"})
    assert {"A": value} == config.launches["a"].environment
    assert (value,) == config.secrets


def test_mistakes(wrong: Wrong, tmp_path: Path) -> None:
    """Each wrong variable is named by itself."""
    (tmp_path / "nul").write_bytes(b"a\0b")
    at = "main.toml: program.a.environment"
    assert [
        f'{at}.A: expected a string or {{ file = "path" }}, got 8000',
        f"{at}.B.file: nope: cannot read: no such file or directory",
        f'{at}.C.fil: unknown key; did you mean "file"?',
        f"{at}.C.file: missing, and there is no default",
        f'{at}."x=y": not a variable\'s name; it must not be empty nor contain "="',
        f"{at}.D.file: nul: must not contain a NUL character",
        f"{at}.E: must not contain a NUL character",
    ] == wrong(
        _program(
            '{ A = 8000, B = { file = "nope" }, C = { fil = "x" }, "x=y" = "z",'
            ' D = { file = "nul" }, E = "a\\u0000b" }'
        )
    )


def test_secrets_stay_out_of_messages(wrong: Wrong) -> None:
    """A mistake shows what the file says, never what a variable holds."""
    text = '[program.a]\ncommand = "a"\nstartsecs = "${TOKEN}"'
    (line,) = wrong(text, environ={"TOKEN": "hunter2"})
    assert line.endswith('got "${TOKEN}"')
