import os
import shutil
from pathlib import Path

import psutil
import pytest

from selfhealingd.core.sample import (
    LIMITED_OF_HOST,
    OF_HOST,
    OF_PATH,
    Metric,
    Needs,
)
from selfhealingd.observe.host import HostReader
from selfhealingd.observe.slow import Slow


@pytest.fixture
def reader() -> HostReader:
    """A reader that has read nothing yet."""
    return HostReader(Slow())


async def test_nothing_is_read_that_nobody_needs(reader: HostReader) -> None:
    """Neither a value nor a limit."""
    found = await reader.read(Needs())
    assert ({}, {}, {}) == (found.values, found.limits, found.paths)


async def test_the_host_as_others_see_it(reader: HostReader) -> None:
    """Load, memory and swap, with what there is of them."""
    wanted = {Metric.LOAD, Metric.MEMORY, Metric.SWAP, Metric.FDS}
    found = await reader.read(Needs(frozenset(wanted)))
    assert wanted <= found.values.keys()
    assert found.values[Metric.LOAD] == pytest.approx(os.getloadavg()[0], abs=5)
    assert psutil.virtual_memory().total == found.limits[Metric.MEMORY]
    assert 0 < found.values[Metric.MEMORY] < found.limits[Metric.MEMORY]
    assert 0 < found.values[Metric.FDS] < found.limits[Metric.FDS]


async def test_cpu_is_known_from_the_second_time_on(reader: HostReader) -> None:
    """The first answer would be of an unknown time; so it is after a rest."""
    needs = Needs(frozenset({Metric.CPU}))
    assert {} == (await reader.read(needs)).values
    sum(range(1_000_000))  # some time, so that there is something to divide by
    found = await reader.read(needs)
    assert 0 <= found.values[Metric.CPU] <= 100 == found.limits[Metric.CPU]
    reader.forget()
    assert {} == (await reader.read(needs)).values


async def test_a_file_system_as_df_sees_it(reader: HostReader, tmp_path: Path) -> None:
    """Bytes used, of those that an ordinary user could have."""
    found = await reader.read(Needs(paths=frozenset({str(tmp_path)})))
    disk = found.paths[str(tmp_path)]
    df = shutil.disk_usage(tmp_path)
    assert disk.values[Metric.DISK] == pytest.approx(df.used, rel=0.05)
    assert disk.limits[Metric.DISK] == pytest.approx(df.used + df.free, rel=0.05)


async def test_a_path_that_is_not_there_is_unknown(
    reader: HostReader, tmp_path: Path
) -> None:
    """It may be mounted later."""
    needs = Needs(paths=frozenset({str(tmp_path / "missing"), "/"}))
    assert {"/"} == (await reader.read(needs)).paths.keys()


async def test_pressure_is_a_share(reader: HostReader) -> None:
    """Where the kernel tells it."""
    found = await reader.read(Needs(OF_HOST - OF_PATH, LIMITED_OF_HOST))
    shares = [v for m, v in found.values.items() if m.value.startswith("psi_")]
    assert all(0 <= share <= 100 for share in shares)
    if os.access("/proc/pressure/io", os.R_OK):
        assert 5 <= len(shares)  # a kernel before 5.13 has no "full" of CPU
