"""Logs leave in the form that their reader needs, and whole."""

import json

from hypothesis import given
from hypothesis import strategies as st

from selfhealctl.views.logs import (
    LONGEST_LINE,
    Named,
    Objects,
    OnTerminal,
    Verbatim,
    colour_of,
)
from selfhealingd.wire.output import LogDocument, OutputDocument

LOGS = [
    LogDocument(name="web", stream="stdout", path="/l/web.log"),
    LogDocument(name="web", stream="stderr", path="/l/web.err.log"),
]


def piece(data: bytes, name: str = "web", stream: str = "stdout") -> OutputDocument:
    return OutputDocument(name=name, stream=stream, data=data)


def test_verbatim_is_every_byte() -> None:
    """Valid UTF-8 or not, controls or not."""
    data = bytes(range(256))
    assert data == Verbatim().feed(piece(data))
    assert b"" == Verbatim().finish()


def test_a_colour_left_on_is_ended() -> None:
    """The shell's prompt after it has its own colour."""
    form = OnTerminal(colours=True)
    assert b"\x1b[31mred" == form.feed(piece(b"\x1b[31mred"))
    assert b"\x1b[0m" == form.finish()
    assert b"" == OnTerminal(colours=True).finish()


@given(st.lists(st.tuples(st.sampled_from("ab"), st.binary(max_size=5)), max_size=20))
def test_lines_are_never_torn(pieces: list[tuple[str, bytes]]) -> None:
    """However the pieces of two programs come, each line is one program's."""
    form = Named([], terminal=False, colours=False)
    fed = b"".join(form.feed(piece(data, name)) for name, data in pieces)
    written = (fed + form.finish()).split(b"\n")
    for name in "ab":
        said = b"".join(data for one, data in pieces if one == name)
        front = f"{name} | ".encode()
        lines = said.removesuffix(b"\n").split(b"\n") if said else []
        assert [front + line for line in lines] == [
            line for line in written if line.startswith(front)
        ]


def test_names_are_in_line_and_errors_marked() -> None:
    """In a pipe what follows the name is verbatim."""
    form = Named(LOGS, terminal=False, colours=False)
    assert b"web        | \x1b[2Jone\xff\n" == form.feed(piece(b"\x1b[2Jone\xff\ntwo"))
    assert b"web stderr | oh\n" == form.feed(piece(b"oh\n", stream="stderr"))
    assert b"web        | two\n" == form.finish()


def test_a_terminal_gets_names_in_colour() -> None:
    """What a line leaves switched on does not colour the next one."""
    form = Named(LOGS[:1], terminal=True, colours=True)
    written = form.feed(piece(b"\x1b[31mred\x1b]0;x\x07\r\nplain\n")).decode()
    name = f"\x1b[{colour_of('web')}mweb | \x1b[0m"
    assert f"{name}\x1b[31mred^[]0;x^G\x1b[0m\n{name}plain\n" == written


def test_a_colour_is_stable_and_readable() -> None:
    """It depends on the name alone."""
    assert colour_of("web") == colour_of("web")
    assert len({colour_of(f"program-{n}") for n in range(100)}) > 6


def test_objects_are_lines_of_json() -> None:
    """With program, stream and text; no raw control gets through."""
    form = Objects()
    written = form.feed(piece('a "b"\x1b\x9b\n'.encode() + b"\xff")) + form.finish()
    assert [
        {"program": "web", "stream": "stdout", "text": 'a "b"\x1b\x9b'},
        {"program": "web", "stream": "stdout", "text": "\ufffd"},
    ] == [json.loads(line) for line in written.splitlines()]
    assert "\x9b" not in written.decode()


def test_a_line_without_end_costs_no_memory_without_end() -> None:
    """It leaves in parts."""
    form = Named([], terminal=False, colours=False)
    part = piece(b"x" * (LONGEST_LINE // 2 + 1))
    assert b"" == form.feed(part)
    assert LONGEST_LINE < len(form.feed(part))
    assert b"" == form.finish()
