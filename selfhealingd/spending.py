"""What calls to a model may take, and took: kept over restarts.

What a call may take is written down before it is made, so that a daemon that is killed
meanwhile has no more left than before.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.clock import utc_now
from selfhealingd.config.settings import Config
from selfhealingd.core import answer, keyring
from selfhealingd.core import budget as budgets
from selfhealingd.core.budget import Budget, OverBudget, Usage
from selfhealingd.core.keyring import Blame
from selfhealingd.store import atomic
from selfhealingd.store.errors import StoreError

log = logs.get("Diagnosis")


class CannotAsk(Exception):
    """There is no diagnosis by a model; says why, and what to type about it."""

    def __init__(self, words: str, hint: str | None = None) -> None:
        super().__init__(words)
        self.hint = hint


class Spending:
    """The budget of ``[llm]``; for one caller at a time."""

    def __init__(self, config: Callable[[], Config]) -> None:
        self._config = config

    @property
    def _file(self) -> Path:
        return self._config().daemon.state_dir / "llm.json"

    async def left(self) -> budgets.Left:
        """Return how much is left, and what was spent. Raises CannotAsk."""
        budget = await trio.to_thread.run_sync(self._read)
        return budgets.left(budget, self._limits(), utc_now().timestamp())

    def cost(self, usage: Usage) -> float | None:
        """Return what tokens cost, None where the config has no prices."""
        prices = self._config().llm.prices
        return None if prices is None else prices.cost(usage)

    async def reserve(self, body: bytes) -> budgets.Spent:
        """Set aside the most that a call may take. Raises CannotAsk."""
        now = utc_now().timestamp()
        most = budgets.estimate(body, answer.MAX_TOKENS)
        cost = self.cost(most) or 0.0

        def reserve() -> Budget:
            budget = budgets.reserve(
                self._read(), self._limits(), tokens=most.tokens, now=now, cost=cost
            )
            atomic.write(self._file, msgspec.json.encode(budget))
            return budget

        try:
            budget = await trio.to_thread.run_sync(reserve)
        except OverBudget as error:
            words = f"the budget is spent: {error}"
            raise CannotAsk(words, "see it: selfhealctl llm status") from error
        except StoreError as error:
            raise CannotAsk(f"the budget cannot be kept: {error}") from error
        return budget.spent[-1]

    async def settle(
        self, reserved: budgets.Spent, usage: Usage | None, status: int | None
    ) -> None:
        """Write down what a call took; where that isn't known, all that was reserved.

        ``status``: of the answer by HTTP, None if there was none.
        """
        if status is not None and keyring.blame(status) is not Blame.NOBODY:
            usage = Usage()
        if usage is None:
            return
        tokens, cost = usage.tokens, self.cost(usage) or 0.0

        def settle() -> None:
            budget = budgets.settle(self._read(), reserved, tokens=tokens, cost=cost)
            atomic.write(self._file, msgspec.json.encode(budget))

        try:
            await trio.to_thread.run_sync(settle)
        except (StoreError, CannotAsk) as error:
            log.warning(f"what the call took is not written down: {error}")

    def _limits(self) -> budgets.Limits:
        settings = self._config().llm
        return budgets.Limits(
            calls=settings.calls_per_hour,
            tokens=settings.tokens_per_day,
            cost=settings.cost_per_day,
        )

    def _read(self) -> Budget:
        """Read what was spent, in a thread; what can't be read is no permission."""
        file = self._file
        try:
            return msgspec.json.decode(file.read_bytes(), type=Budget)
        except FileNotFoundError:
            return Budget()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            words = f"cannot read what was spent so far: {error}"
            raise CannotAsk(words, f"to begin anew: rm {file}") from error
