"""A house for each test that asks for one."""

from collections.abc import AsyncIterator

import harness
import pytest


@pytest.fixture
async def house() -> AsyncIterator[harness.House]:
    async with harness.house() as made:
        yield made
