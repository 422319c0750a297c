"""Which logs are meant by whom, and what is said of the output that is in none."""

from pathlib import Path

import pytest

from selfhealingd.core.launch import Launch
from selfhealingd.core.output import Elsewhere, LogTo, Target
from selfhealingd.core.tailing import tailing
from selfhealingd.wire.methods import Stream

OUT, ERR = LogTo(path=Path("/l/web.log")), LogTo(path=Path("/l/web.err.log"))
NOWHERE, JOURNAL = Elsewhere.NOWHERE, Elsewhere.JOURNAL


def launch(stdout: Target, stderr: Target | None) -> Launch:
    return Launch(argv=("true",), stdout=stdout, stderr=stderr)


@pytest.mark.parametrize(
    ("stdout", "stderr", "stream", "logs", "elsewhere"),
    [
        (OUT, ERR, "stdout", ["stdout /l/web.log"], []),
        (OUT, ERR, "stderr", ["stderr /l/web.err.log"], []),
        (OUT, ERR, None, ["stdout /l/web.log", "stderr /l/web.err.log"], []),
        (OUT, None, "stderr", ["stderr /l/web.log"], []),
        (OUT, None, None, ["stdout /l/web.log"], []),
        (OUT, OUT, None, ["stdout /l/web.log"], []),
        (OUT, NOWHERE, None, ["stdout /l/web.log"], []),
        (OUT, NOWHERE, "stderr", [], ["stderr"]),
        (NOWHERE, ERR, None, ["stderr /l/web.err.log"], []),
        (NOWHERE, NOWHERE, None, [], ["stdout"]),
        (NOWHERE, None, None, [], ["stdout"]),
        (OUT, JOURNAL, None, ["stdout /l/web.log"], ["stderr"]),
        (JOURNAL, None, None, [], ["stdout"]),
    ],
)
def test_what_is_shown_of_a_program(
    stdout: Target,
    stderr: Target | None,
    stream: Stream | None,
    logs: list[str],
    elsewhere: list[str],
) -> None:
    """Every log once; what is nowhere is missed only where nothing is kept."""
    found = tailing({"web": launch(stdout, stderr)}, ["web"], stream)
    assert logs == [f"{one.stream} {one.path}" for one in found.logs]
    assert elsewhere == [one.stream for one in found.elsewhere]


def test_a_log_that_several_write_to_is_shown_once() -> None:
    """As that of the first of them that was named."""
    launches = {"a": launch(OUT, None), "b": launch(OUT, ERR)}
    found = tailing(launches, ["b", "a"], None)
    assert [("b", "stdout"), ("b", "stderr")] == [
        (one.name, one.stream) for one in found.logs
    ]


@pytest.mark.parametrize(
    ("target", "words", "hint"),
    [
        (NOWHERE, "thrown away", "set stdout_logfile in [program.web]"),
        (JOURNAL, "systemd's journal", "journalctl -e SELFHEALINGD_PROGRAM=web"),
        (Elsewhere.STDOUT, "daemon's own stdout", "its lines begin with web:"),
        (Elsewhere.STDERR, "daemon's own stderr", "its lines begin with web:"),
    ],
)
def test_where_else_to_look(target: Elsewhere, words: str, hint: str) -> None:
    """Each place has its words, and what shows it."""
    [found] = tailing({"web": launch(target, None)}, ["web"], None).elsewhere
    assert words in found.words
    assert hint in (found.hint or "")
