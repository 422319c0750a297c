import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.bundle import MAX_BYTES, bundle
from selfhealingd.core.diagnosis import Line
from selfhealingd.core.redaction import RedactionError, Redactor

LINES = st.lists(
    st.tuples(
        st.sampled_from(("end", "kernel", "samples", "process", "output /log")),
        st.text(max_size=600),
    ),
    max_size=60,
)


def numbered(parts: list[tuple[str, str]]) -> list[Line]:
    return [
        Line(number=number, part=part, words=words, said=part.startswith("output"))
        for number, (part, words) in enumerate(parts, start=1)
    ]


@given(LINES, st.integers(0, 3000))
def test_a_bundle_never_is_larger_than_it_may_be(
    parts: list[tuple[str, str]], limit: int
) -> None:
    """Each of its lines is one line, and has the number that it had."""
    lines = numbered(parts)
    made = bundle(lines, Redactor([]), limit)
    assert len(made.text.encode()) <= limit
    assert len(made.lines) == made.text.count("\n")
    assert len(lines) == len(made.lines) + made.left_out
    for line, text in zip(made.lines, made.text.split("\n"), strict=False):
        assert text.startswith(f"{line.number}|{lines[line.number - 1].part}|")


def test_of_too_much_output_the_last_lines_stay() -> None:
    """A program's last words say most, and what the daemon saw is not crowded out."""
    parts = [("end", "exited with status 1")]
    parts += [("output /log", f"{number} {'x' * 300}") for number in range(500)]
    made = bundle(numbered(parts), Redactor([]))
    assert 1 == made.lines[0].number
    assert 501 == made.lines[-1].number
    assert MAX_BYTES - 1000 < len(made.text) <= MAX_BYTES


def test_a_planted_secret_is_in_no_line_nor_name() -> None:
    """Neither in what was said, nor in the name of the file in which."""
    parts = [("output /log/hunter2pass", "dialing hunter2pass"), ("end", "hunter2pass")]
    made = bundle(numbered(parts), Redactor(["hunter2pass"]))
    assert "hunter2" not in made.text
    assert "hunter2" not in repr(made.lines)


def test_an_error_in_redaction_means_no_bundle() -> None:
    """Nothing that was not checked is returned."""

    class Careless(Redactor):
        def line(self, line: str, *, guess: bool = True) -> str:  # noqa: ARG002
            return line

    with pytest.raises(RedactionError):
        bundle(numbered([("end", "hunter2pass")]), Careless(["hunter2pass"]))
