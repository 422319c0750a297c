"""Manual pages and completions: true, clean, and of use to the tools that read them."""

import json
import os
import re
import shutil
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import generate
import pytest
from generator.roff import Page, manual

TOP = Path(__file__).parents[1]
PAGES = sorted((TOP / "docs" / "man").iterdir())
SCHEMA = TOP / "etc" / "selfhealingd.schema.json"
COMPLETIONS = TOP / "etc" / "completions"


def need(tool: str) -> None:
    """Skip where a tool isn't installed; CI has all of them."""
    if shutil.which(tool) is None:
        assert not os.environ.get("CI"), f"{tool} is missing"
        pytest.skip(f"{tool} is not installed")


def roff(markdown: str) -> str:
    page = Page("page", 7, "page.md", "does", ("page",), ("other(1)",))
    text = manual(page, f"# Title\n\n{markdown}\n", "1.0")
    return text.partition(".SH DESCRIPTION\n")[2].partition(".SH SEE ALSO\n")[0]


def warnings(page: Path) -> str:
    """Return what man says of a page, as Debian's lintian asks it."""
    script = 'man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 >/dev/null'
    return subprocess.check_output(
        ["sh", "-c", script, "sh", str(page)],
        text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": ""},
    )


def test_generated_files_are_up_to_date() -> None:
    """Where this fails, run ``python docs/generate.py``."""
    made = dict(generate.written())
    assert set(made) == {*PAGES, SCHEMA, *COMPLETIONS.iterdir()}
    for file, text in made.items():
        assert text == file.read_text(), file


@pytest.mark.process
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_man_has_nothing_to_complain_of(page: Path) -> None:
    """Each page formats without a warning."""
    need("man")
    assert warnings(page) == ""


@pytest.mark.process
def test_man_would_complain(tmp_path: Path) -> None:
    """The check above sees a request that doesn't exist."""
    need("man")
    page = tmp_path / "bad.7"
    page.write_text(PAGES[0].read_text() + ".NOSUCH\n")
    assert "NOSUCH" in warnings(page)


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("Plain\nwords.", ".PP\nPlain words.\n"),
        (".dot and 'quote", ".PP\n\\&.dot and 'quote\n"),
        ("a-b \\ c", ".PP\na\\-b \\e c\n"),
        ("see [the `page`](x.md#y)", ".PP\nsee the \\fBpage\\fR\n"),
        ("**so** `-x`", ".PP\n\\fBso\\fR \\fB\\-x\\fR\n"),
        ("## Two words", ".SH TWO WORDS\n"),
        ("## [daemon]", ".SH [daemon]\n"),
        ("### status", '.SS "status"\n'),
        ("- one\n  more\n- two", ".IP \\(bu 4\none more\n.IP \\(bu 4\ntwo\n"),
        ("1. one", ".IP 1. 4\none\n"),
        ("```sh\n.x -y\n```", ".PP\n.RS 4\n.nf\n.EX\n\\&.x \\-y\n.EE\n.fi\n.RE\n"),
        ("| A | B |\n| --- | --- |\n| a \\| b | c |", ".TP\n\\fBa | b\\fR\nc\n"),
        (
            "| K | V | M |\n| --- | --- | --- |\n| k | | m |",
            ".TP\n\\fBk\\fR\nM: m\n",
        ),
        ("<!-- begin x -->\nwords\n<!-- end -->", ".PP\nwords\n"),
    ],
)
def test_markdown_becomes_roff(markdown: str, expected: str) -> None:
    """Each thing that our pages have; what roff would take for a request is guarded."""
    assert expected == roff(markdown)


@pytest.mark.process
@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_completions_are_what_the_client_shows(shell: str) -> None:
    """Whoever types --show-completion or --install-completion has the same."""
    command = [sys.executable, "-m", "selfhealctl", "--show-completion", shell]
    given = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    told = subprocess.check_output(command, text=True, env={**os.environ, **given})
    assert (COMPLETIONS / f"selfhealctl.{shell}").read_text() == told


@pytest.mark.process
@pytest.mark.parametrize(
    ("typed", "offered", "not_offered"),
    [
        ("re", {"reload", "reread", "reset", "restart", "resume"}, {"start"}),
        ("drill ", {"kill", "hang", "leak", "crashloop"}, set()),
        ("signal SIGH", {"SIGHUP"}, {"HUP", "SIGTERM"}),
        ("reset program:w", {"web"}, {"program:web", "db"}),
        ("stop web:", {"*"}, {"web:*"}),
    ],
)
def test_bash_completes(
    tmp_path: Path, typed: str, offered: set[str], not_offered: set[str]
) -> None:
    """What it reads from the file makes it offer what begins so, after a colon, too."""
    need("bash")
    script = """
    source "$1"
    COMP_LINE="selfhealctl $3"
    COMP_POINT=${#COMP_LINE}
    _selfhealctl_completion "$2"
    printf '%s\\n' "${COMPREPLY[@]}"
    complete -p selfhealctl
    """
    client = tmp_path / "selfhealctl"
    client.write_text(f'#!/bin/sh\nexec {sys.executable} -m selfhealctl "$@"\n')
    client.chmod(0o755)
    file = COMPLETIONS / "selfhealctl.bash"
    socket = tmp_path / "control.sock"
    with answering(socket):
        told = subprocess.check_output(
            ["bash", "-c", script, "bash", str(file), client, typed],
            text=True,
            env={**os.environ, "SELFHEALCTL_SOCKET": str(socket)},
        ).splitlines()
    assert offered <= set(told)
    assert set() == not_offered & set(told)
    assert re.fullmatch("complete .*-F _selfhealctl_completion selfhealctl", told[-1])


@contextmanager
def answering(path: Path) -> Iterator[None]:
    """Answer whoever asks as a daemon with a group of programs would."""
    results: dict[str, object] = {
        "status": {"programs": [{"name": "web_00", "group": "web"}]},
        "breakers": [{"name": "program:web"}, {"name": "program:db"}],
    }

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked = json.loads(self.rfile.readline())
            result = results[asked["method"]]
            reply = {"jsonrpc": "2.0", "id": asked["id"], "result": result}
            self.wfile.write(json.dumps(reply).encode() + b"\n")

    with socketserver.UnixStreamServer(str(path), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_zsh_is_told_what_the_file_completes() -> None:
    """Its first line says so; it must be the very first."""
    text = (COMPLETIONS / "_selfhealctl").read_text()
    assert text.startswith("#compdef selfhealctl\n")
