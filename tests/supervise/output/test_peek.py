"""Looking takes nothing."""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfhealingd.supervise.output.fifo import Fifo
from selfhealingd.supervise.output.peek import Peeker


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1, max_size=5000), max_size=10), st.integers(1))
def test_the_first_bytes_are_seen_and_stay(
    fifo: Fifo, writes: list[bytes], most: int
) -> None:
    """What is seen is how the content begins; reading it afterwards gives all of it."""
    for data in writes:
        os.write(fifo.fd, data)
    content = b"".join(writes)
    peeker = Peeker()
    try:
        seen = [peeker.look(fifo.fd, min(most, 70_000)) for _ in range(2)]
        assert [content[:most]] * 2 == seen
    finally:
        peeker.close()
        left = os.read(fifo.fd, fifo.pending()) if content else b""
    assert content == left
