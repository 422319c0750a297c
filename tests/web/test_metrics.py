"""What Prometheus reads: true, by its conventions, and no burden."""

import os
import shutil
from collections.abc import Iterator

import pytest
import trio
from measured import figures, program
from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from trio.testing import MockClock

from selfhealingd.web.figures import Figures
from selfhealingd.web.metrics import AT_ONCE, Metrics, expose
from selfhealingd.wire.documents import Status


async def read(found: Figures) -> dict[str, Metric]:
    text = (await expose(found)).decode()
    return {one.name: one for one in text_string_to_metric_families(text)}


def values(family: Metric) -> dict[tuple[str, ...], float]:
    return {tuple(one.labels.values()): one.value for one in family.samples}


async def test_a_thousand_services_are_read_back() -> None:
    """What is written a part at a time is one text, with each metric's head once."""
    many = [program(f"worker_{number:04}") for number in range(2 * AT_ONCE + 1)]
    text = (await expose(figures(*many))).decode()
    assert 1 == text.count("# TYPE selfhealingd_service_up gauge")
    found = {one.name: one for one in text_string_to_metric_families(text)}
    assert {(one.name,): 1.0 for one in many} == values(
        found["selfhealingd_service_up"]
    )


async def test_odd_words_are_escaped() -> None:
    """A path may have quotes, backslashes and line ends: it is read back as it is."""
    odd = 'disk /srv/"a\\b"\n'
    found = await read(figures(task=odd))
    assert {(odd,): 3.0} == values(found["selfhealingd_task_runs"])


async def test_the_daemons_own_process_is_there() -> None:
    """By the names that dashboards of every program have."""
    found = await read(figures())
    for name in ("process_cpu_seconds", "process_resident_memory_bytes"):
        assert found[name].samples[0].value > 0


async def test_others_have_their_turn() -> None:
    """While thousands of samples are written, whoever else is due runs in between."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    many = [program(f"worker_{number}") for number in range(2 * AT_ONCE)]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        await expose(figures(*many))
        nursery.cancel_scope.cancel()
    assert turns > 30


async def test_who_asks_again_at_once_costs_nothing(
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """Within a second all are given the same; after that it is as things are then."""
    looks = 0

    async def status() -> Status:
        return figures().status

    async def look(status: Status) -> Figures:
        nonlocal looks
        looks += 1
        await trio.sleep(0.1)
        return figures(*status.programs, lag=float(looks))

    metrics = Metrics(status, look)
    texts: list[bytes] = []

    async def ask() -> None:
        texts.append(await metrics.text())

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(ask)
    assert (1, 1) == (looks, len(set(texts)))
    await trio.sleep(1.1)
    await ask()
    assert (2, True) == (looks, b"selfhealingd_loop_lag_seconds 2.0" in texts[-1])


class _All:
    """Everything at once, as a registry has it."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)


async def test_it_is_what_the_library_writes() -> None:
    """A text that was read is, written again by the library alone, the same."""
    text = await expose(figures(program("a"), program("b", state="FATAL")))
    families = list(text_string_to_metric_families(text.decode()))
    again = generate_latest(_All(families))
    assert sorted(text.splitlines()) == sorted(again.splitlines())


@pytest.mark.process
async def test_promtool_has_no_complaint() -> None:
    """Prometheus's own linter of names, units and helps."""
    promtool = shutil.which("promtool")
    if promtool is None and not os.environ.get("CI"):
        pytest.skip("there is no promtool: it is in Debian's package prometheus")
    assert promtool is not None
    text = await expose(figures(program("a"), task="prune"))
    ran = await trio.run_process(
        [promtool, "check", "metrics"], stdin=text, capture_stdout=True, check=False
    )
    assert (b"", 0) == (ran.stdout, ran.returncode)
