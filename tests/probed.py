"""Who answers for programs, and hears their hearts beat, as a test tells him to."""

import trio

from selfhealingd.core.ask import Answer, Ask, ok
from selfhealingd.core.launch import Launch


class Probed:
    """Gives the answers that were prepared, then that all is well."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[Ask, Launch, float]] = []
        self.heard: list[tuple[str, int, str]] = []
        self.moved = trio.Event()

    async def ask(self, ask: Ask, launch: Launch, seconds: float) -> Answer:
        await trio.lowlevel.checkpoint()
        self.asked.append((ask, launch, seconds))
        return self.answers.pop(0) if self.answers else ok("it is up")

    def beat(self, service: str, run: int) -> None:
        self._hear(service, run, "beat")

    def fail(self, service: str, run: int) -> None:
        self._hear(service, run, "fail")

    def _hear(self, service: str, run: int, what: str) -> None:
        self.heard.append((service, run, what))
        self.moved.set()
        self.moved = trio.Event()
