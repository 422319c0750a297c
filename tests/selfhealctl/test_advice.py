"""What is recommended can be pasted."""

from contextvars import copy_context

import pytest

from selfhealctl.advice import pasteable, use_socket

CTL = "selfhealctl --socket '/tmp/a b.sock'"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "see: selfhealctl show web; then: selfhealctl resume-all",
            f"see: {CTL} show web; then: {CTL} resume-all",
        ),
        ("all: selfhealctl --help", f"all: {CTL} --help"),
        ("selfhealctl is not selfhealctl status-quo", None),
        ("mend it, and see: selfhealingd --config x --check", None),
    ],
)
def test_a_command_goes_to_the_socket_that_was_typed(
    words: str, expected: str | None
) -> None:
    """Each command in a sentence, and nothing else of it; else all stays as it is."""
    assert words == pasteable(words)
    context = copy_context()
    context.run(use_socket, "/tmp/a b.sock")
    assert (expected or words) == context.run(pasteable, words)
