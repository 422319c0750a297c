"""One machine with systemd for the tests of a file, and a daemon on it for each."""

import os
from collections.abc import Iterator

import pytest
from systemd_host import Machine, why_not
from systemd_unit import Unit


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    reason = why_not()
    if reason is not None:
        # A CI that tests nothing of this must not look as if it did.
        assert "CI" not in os.environ, f"no systemd to test with: {reason}"
        pytest.skip(f"no systemd to test with: {reason}")
    made = Machine()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def unit(machine: Machine) -> Iterator[Unit]:
    made = Unit(machine)
    made.install()
    try:
        yield made
    finally:
        made.remove()
