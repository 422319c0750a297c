"""What is wrong with the host itself: told in status and log, answered by runbooks.

No service is behind it, so no engine verifies what helps: a runbook is run once when
something comes up, and status tells for as long as it is there.
"""

import math
from collections.abc import Awaitable, Callable

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.config.settings import Runbook
from selfhealingd.core.events import Noticed
from selfhealingd.core.remedy import Ladder, Run
from selfhealingd.loop import Loop
from selfhealingd.problems import Problems
from selfhealingd.runbooks import run_runbook

AGAIN_SECS = 300.0
"""The same runbook isn't run sooner for the same thing, however often that comes up."""

log = logs.get("Host")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with the host; ``do`` is what to type about it.

    ``key`` tells it from others, ``cause`` is what a runbook is told. ``service``: the
    one that it is about all the same.
    """

    key: str
    cause: str
    words: str
    do: str
    service: str | None = None
    critical: bool = False
    ladder: Ladder = ()


class HostCare:
    """Keeps what is found, and shows it while the flags say so.

    ``clear`` waits until nothing runs that an earlier daemon began.
    """

    def __init__(
        self,
        mark: str,
        loop: Loop,
        problems: Problems,
        clear: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint,
    ) -> None:
        self.loop = loop
        self.runbooks: dict[str, Runbook] = {}
        self._mark = mark
        self._clear = clear
        self._problems = problems
        self._found: dict[str, Finding] = {}
        self._ran: dict[str, float] = {}
        self._nursery: trio.Nursery | None = None
        self._told, self._notices = trio.open_memory_channel[Noticed](math.inf)

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Let runbooks be run, until cancelled."""
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            async for notice in self._notices:
                await self.loop.post(notice)

    def tell(self, finding: Finding) -> None:
        """Take in that something is wrong, or wrong in another way."""
        new = finding.key not in self._found
        self._found[finding.key] = finding
        self._show(finding)
        if not self.loop.host.flags.auto_detection:
            return
        if new:
            self._notice(finding, over=False)
        for one in finding.ladder:
            if new and isinstance(one, Run):
                self._begin(finding, one.runbook)

    def over(self, key: str) -> None:
        """Take in that it isn't any more."""
        finding = self._found.pop(key, None)
        self._problems.clear(_cause(key))
        if finding is not None and self.loop.host.flags.auto_detection:
            self._notice(finding, over=True)

    def flags_changed(self) -> None:
        """Show what the flags let be shown."""
        for finding in self._found.values():
            self._show(finding)

    def _notice(self, finding: Finding, *, over: bool) -> None:
        """Have it told in log and journal, and to whoever follows."""
        self._told.send_nowait(
            Noticed(
                at=trio.current_time(),
                key=finding.key,
                words=finding.words,
                service=finding.service,
                critical=finding.critical,
                over=over,
            )
        )

    def _show(self, finding: Finding) -> None:
        cause = _cause(finding.key)
        if not self.loop.host.flags.auto_detection:
            self._problems.clear(cause)
            return
        self._problems.set(cause, finding.words, finding.do, critical=finding.critical)

    def _begin(self, finding: Finding, name: str) -> None:
        host, now = self.loop.host, trio.current_time()
        runbook = self.runbooks.get(name)
        held = not host.flags.auto_healing or host.dormant or host.shutting_down
        if self._nursery is None or runbook is None or held:
            return
        if now < self._ran.get(finding.key, float("-inf")) + AGAIN_SECS:
            log.warning(f"{name} was run for it a short while ago: not again so soon")
            return
        self._ran[finding.key] = now
        self._nursery.start_soon(self._answer, finding, runbook)

    async def _answer(self, finding: Finding, runbook: Runbook) -> None:
        facts = {
            "SELFHEALINGD_PID": "",
            "SELFHEALINGD_CAUSE": finding.cause,
            "SELFHEALINGD_DETAIL": finding.words,
        }
        try:
            await self._clear()
            problem = await run_runbook(self._mark, runbook, "host", facts)
        except Exception:
            log.exception(f"a defect of ours ended {runbook.name}")
            return
        if problem is not None and self._found.get(finding.key) == finding:
            words = f"{finding.words}; {runbook.name} did not do its work: {problem}"
            self.tell(msgspec.structs.replace(finding, words=words))


def _cause(key: str) -> str:
    return f"host-{key}"
