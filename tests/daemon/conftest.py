"""A house for each test that asks for one."""

from collections.abc import AsyncIterator

import harness
import pytest
from loghouse import Talker


@pytest.fixture
async def house() -> AsyncIterator[harness.House]:
    async with harness.house() as made:
        yield made


@pytest.fixture
async def talker(house: harness.House) -> AsyncIterator[Talker]:
    talker = Talker(house.root / "talk")
    yield talker
    talker.close()
