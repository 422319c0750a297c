"""Of much that was said, what tells most is shown, and no bundle is too large."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfhealingd.core.evidence import (
    MAX_LINE,
    MAX_LINES,
    changes,
    core_hint,
    fit,
    lines_of,
    sampled,
    summary,
    telling,
)
from selfhealingd.core.exits import Exit
from selfhealingd.core.sample import Metric, Sample
from selfhealingd.wire.evidence import (
    EvidenceDocument,
    FilesDocument,
    OpenedDocument,
    ProcessDocument,
    SaidDocument,
    SamplesDocument,
)

EMPTY = EvidenceDocument(
    incident="web-1", service="web", run=1, taken="2026-11-26T17:00:00.000Z"
)


def test_lines_are_split_cut_and_printable() -> None:
    """Nothing steers a terminal, no line is endless, and the last ones are kept."""
    data = b"\x1b[31mred\tone\x1b[0m\r\n\xff\n" + b"x" * (MAX_LINE + 7) + b"\n\n"
    assert (
        "?[31mred one?[0m",
        "\N{REPLACEMENT CHARACTER}",
        f"{'x' * MAX_LINE}… (7 more)",
    ) == lines_of(data)
    many = b"".join(b"%d\n" % n for n in range(MAX_LINES + 50))
    assert tuple(str(n) for n in range(50, MAX_LINES + 50)) == lines_of(many)
    assert () == lines_of(b"")


@pytest.mark.parametrize(
    ("lines", "most", "expected"),
    [
        ((), 3, ()),
        (("only",), 3, ("only",)),
        (("", " "), 3, ()),
        (
            ("GET /1", "GET /2", "ERROR: connection refused", "GET /3", "bye"),
            2,
            ("ERROR: connection refused", "bye"),
        ),
        (
            ("Traceback (most recent call last):", "  File x", "ValueError: no", "ok"),
            3,
            ("Traceback (most recent call last):", "ValueError: no", "ok"),
        ),
        # A loop of the same failure is one line, its last.
        (
            (*(f"error {n}: refused" for n in range(50)), "end"),
            5,
            ("error 49: refused", "end"),
        ),
        (("warning: low", "fine a", "fine b", "done"), 2, ("warning: low", "done")),
        (("panic: x", "error: y", "z"), 2, ("panic: x", "z")),
        (("a",), 0, ()),
    ],
)
def test_lines_that_tell_most(
    lines: tuple[str, ...], most: int, expected: tuple[str, ...]
) -> None:
    """Failures before the rest, repetitions once, the last line always, in order."""
    assert expected == telling(lines, most)


def exit_by(signal: int, *, dumped: bool = False) -> Exit:
    return Exit(at=0.0, signal=signal, dumped=dumped)


@pytest.mark.parametrize(
    ("end", "pattern", "limit", "expected"),
    [
        (Exit(at=0.0, code=1), "core", -1, None),
        (exit_by(9), "core", -1, None),
        (exit_by(11, dumped=True), "core", -1, "core dump: /srv/core or core.7"),
        (exit_by(11, dumped=True), "/var/%e.%p", -1, "core dump: /var/%e.7"),
        (exit_by(6), "core", 0, "no core dump: its limit is 0"),
        (exit_by(6), "/nowhere/%p", -1, "core_pattern is /nowhere/%p"),
        (exit_by(11), "|/lib/systemd/systemd-coredump %P", 0, "coredumpctl info 7"),
        (exit_by(11), "|/usr/share/apport/apport %p", 0, "/var/crash"),
        (exit_by(11), "|/opt/eat %p", 0, "went to /opt/eat %p"),
    ],
)
def test_core_hint(end: Exit, pattern: str, limit: int, expected: str | None) -> None:
    """Where the core is, or why there is none; nothing where none is to be expected."""
    hint = core_hint(end, pattern=pattern, limit=limit, pid=7, directory="/srv")
    if expected is None:
        assert hint is None
    else:
        assert hint is not None
        assert expected in hint


def test_changes() -> None:
    """What changed lately, and whether the run knew of it; old changes are no news."""
    files = {"/srv/app.py": 60.0, "/bin/new": 500.0, "/bin/old": 1e7, "/future": -5.0}
    assert (
        "/srv/app.py was changed 1 min before, while it ran",
        "it was first started with its settings of now 2 min before",
        "/bin/new was changed 8 min 20 s before, before it was started",
    ) == changes(files, lasted=90.0, settings=120.0)


def test_samples_are_a_table() -> None:
    """A metric a column, a sample a row; what is unknown is a gap."""
    table = sampled(
        [
            Sample(at=10.0, run=1, values={Metric.CPU: 5.0}),
            Sample(at=15.0, run=2, values={Metric.CPU: 6.0, Metric.MEMORY: 7.0}),
        ],
        now=20.0,
    )
    assert table is not None
    assert ("run", "ago", "cpu", "memory") == table.columns
    assert ((1, 10.0, 5.0, None), (2, 5.0, 6.0, 7.0)) == table.rows
    assert sampled([], now=0.0) is None


def test_a_summary_counts_and_tells_nothing_else() -> None:
    """Whoever only may look learns what there is, without lines, names and paths."""
    found = msgspec.structs.replace(
        EMPTY,
        end="killed by SIGKILL after 5 s",
        output=(SaidDocument(path="/secret/path", lines=("password=x", "b")),),
        tree=(ProcessDocument(pid=1, parent=0, state="S", name="secret"),),
        files=FilesDocument(open=3, most=(OpenedDocument(what="/secret", count=3),)),
        missing={"kernel_stack": "operation not permitted on /secret"},
    )
    short = summary(found)
    assert ("2 lines of output", "1 process", "3 open files") == short.kept
    assert ("kernel_stack",) == short.missing
    assert b"secret" not in msgspec.json.encode(short)
    assert b"password" not in msgspec.json.encode(short)


TEXT = st.text(max_size=600)
LINES = st.lists(TEXT, max_size=200).map(tuple)
PAIRS = st.dictionaries(TEXT, TEXT, max_size=40)


@settings(max_examples=40)
@given(
    output=st.lists(st.builds(SaidDocument, path=TEXT, lines=LINES), max_size=2),
    kernel=LINES,
    stack=LINES,
    pairs=PAIRS,
    opened=st.lists(st.builds(OpenedDocument, what=TEXT, count=st.just(1))),
    rows=st.lists(st.tuples(st.floats(0, 1e9), st.none()), max_size=500),
    limit=st.integers(1000, 70_000),
)
def test_every_bundle_fits(  # noqa: PLR0913 - each is a part of it
    *,
    output: list[SaidDocument],
    kernel: tuple[str, ...],
    stack: tuple[str, ...],
    pairs: dict[str, str],
    opened: list[OpenedDocument],
    rows: list[tuple[float, None]],
    limit: int,
) -> None:
    """Whatever is in it, it has at most the size allowed, and can be read again."""
    found = msgspec.structs.replace(
        EMPTY,
        output=tuple(output),
        kernel=kernel,
        python_stack=stack,
        process=pairs,
        missing=pairs,
        files=FilesDocument(open=9, most=tuple(opened)),
        samples=SamplesDocument(columns=("a", "b"), rows=tuple(rows)),
    )
    encoded = fit(found, limit)
    assert len(encoded) <= limit
    again = msgspec.json.decode(encoded, type=EvidenceDocument)
    assert "web-1" == again.incident


def test_of_output_the_end_stays() -> None:
    """What is cut to make it fit is the older half; that it was cut is said."""
    lines = tuple(f"line {n} {'x' * 300}" for n in range(200))
    found = msgspec.structs.replace(
        EMPTY, output=(SaidDocument(path="/log", lines=lines),)
    )
    again = msgspec.json.decode(fit(found, 8000), type=EvidenceDocument)
    [said] = again.output
    assert said.cut
    assert lines[-len(said.lines) :] == said.lines
    assert len(said.lines) > 10
