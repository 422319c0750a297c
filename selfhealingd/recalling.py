"""Diagnoses that are known already, kept beside the state; what is lost is asked again.

A cache that can't be read or written costs a call, and nothing else.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.clock import utc_now
from selfhealingd.core import sameness
from selfhealingd.core.sameness import Cache, Known
from selfhealingd.store import atomic
from selfhealingd.store.errors import StoreError
from selfhealingd.wire.diagnosis import ReportDocument

MAX_BYTES = 4 * 1024 * 1024

log = logs.get("Diagnosis")


class Recall:
    """The cache of diagnoses; ``file`` is where it is. For one task at a time."""

    def __init__(self, file: Callable[[], Path]) -> None:
        self._file = file

    async def find(self, key: str) -> Known | None:
        """Return what was said of the same incident, None if nothing was."""
        cache = await trio.to_thread.run_sync(self._read)
        return sameness.find(cache, key, utc_now().timestamp())

    async def keep(self, key: str, incident: str, report: ReportDocument) -> None:
        """Keep what was said of an incident."""
        now = utc_now().timestamp()
        new = Known(key=key, incident=incident, at=now, report=report)
        await self._change(partial(sameness.remember, new=new))

    async def forget(self, incident: str) -> None:
        """Have the next same incident asked about anew."""
        await self._change(partial(sameness.forget, incident=incident))

    async def _change(self, change: Callable[[Cache], Cache]) -> None:
        def write() -> None:
            before = self._read()
            after = change(before)
            if after != before:
                atomic.write(self._file(), msgspec.json.encode(after))

        try:
            await trio.to_thread.run_sync(write)
        except StoreError as error:
            log.warning(f"the cache of diagnoses is not kept: {error}")

    def _read(self) -> Cache:
        try:
            with self._file().open("rb") as file:
                data = file.read(MAX_BYTES)
            return msgspec.json.decode(data, type=Cache)
        except FileNotFoundError:
            return Cache()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning(
                f"the cache of diagnoses cannot be read, so begins anew: {error}"
            )
            return Cache()
