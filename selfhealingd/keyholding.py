"""The keys of a model's endpoint: read, chosen, and told of where they fail."""

import os
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path

import trio

from selfhealingd import logs
from selfhealingd.config.settings import Config
from selfhealingd.core import keyring
from selfhealingd.core.keyring import Failed, Key, KeyRing
from selfhealingd.diagnose.call import Answered
from selfhealingd.diagnose.keys import find_keys
from selfhealingd.problems import Problems
from selfhealingd.secrecy import Secrecy

KEY_FILE = "llm.keys"
"""Beside the config: where keys are looked for if it names no other file."""

READ_SECS = 10.0
FAILED, SOURCES = "llm-keys", "llm-sources"

log = logs.get("Diagnosis")


class Keys:
    """All keys, by ``ring`` how each is; themselves in memory alone.

    ``refused``: why some were not taken from where they are looked for.
    """

    def __init__(
        self, config: Callable[[], Config], problems: Problems, secrecy: Secrecy
    ) -> None:
        self.ring: KeyRing = ()
        self.refused: tuple[str, ...] = ()
        self._config = config
        self._problems = problems
        self._secrecy = secrecy
        self._known: dict[str, str] = {}

    @property
    def file(self) -> Path:
        """Where keys are looked for, and may be put."""
        config = self._config()
        return config.llm.key_file or config.file.parent / KEY_FILE

    async def load(self) -> tuple[str, ...]:
        """Read the keys, and go on with those that there are now; says what is new."""
        named = self._config().llm.key_file is not None
        read = partial(find_keys, os.environ, self.file, os.geteuid(), named=named)
        with trio.move_on_after(READ_SECS) as scope:
            found = await trio.to_thread.run_sync(read, abandon_on_cancel=True)
        if scope.cancelled_caught:
            log.warning(f"reading keys took over {READ_SECS:g} s; those of before stay")
            return ()
        before, self.ring = self.ring, keyring.renewed(self.ring, found.ring)
        self._known = found.keys
        self._secrecy.keys = tuple(found.keys.values())
        # Now, as what this config has stays secret after the next one.
        try:
            await trio.to_thread.run_sync(self._secrecy.redactor)
        except Exception:
            log.exception("a defect of ours in redaction: nothing will be sent")
        self.refused = found.problems
        if found.problems:
            words = f"a key for the model cannot be used: {found.problems[0]}"
            log.warning("; ".join(found.problems))
            self._problems.set(SOURCES, words, "mend it, then: selfhealctl reload")
        else:
            self._problems.clear(SOURCES)
        self._judge()
        return keyring.changes(before, self.ring)

    def choose(self) -> tuple[Key, str] | None:
        """Return the first that may be used now, and what is secret of it."""
        key = keyring.choose(self.ring, trio.current_time())
        return None if key is None else (key, self._known[key.fingerprint])

    def answered(self, key: Key, told: Answered) -> None:
        """Take in what the endpoint said to one of them."""
        if told.status is None:
            return
        self.ring = keyring.answered(
            self.ring,
            key.fingerprint,
            told.status,
            now=trio.current_time(),
            retry_after=keyring.seconds(told.retry_after),
        )
        self._judge()

    def forgive(self) -> None:
        """Try failed ones again if there is no other, by a person's word."""
        self.ring = keyring.forgiven(self.ring, trio.current_time())

    def _judge(self) -> None:
        failed = [key for key in self.ring if isinstance(key.state, Failed)]
        if not self.ring or len(failed) < len(self.ring):
            self._problems.clear(FAILED)
            return
        keys = "the key" if len(failed) == 1 else f"all {len(failed)} keys"
        flags = self._config().daemon.flags_file
        self._problems.set(
            FAILED,
            f"{keys} for the model failed; healing by rules goes on",
            "to be sure that nothing acts meanwhile:"
            f" echo FEATURE_AUTO_HEALING_ENABLED=false >> {flags}; selfhealctl reload;"
            " see why they failed: selfhealctl llm keys; put a valid key in their"
            f" place: (umask 077 && cat > {shlex.quote(str(self.file))}), paste it,"
            " Enter, Ctrl-D; selfhealctl reload; see activeKeys at 1 or more:"
            " selfhealctl status | jq .llm.keyManagement; automation on again:"
            f" echo FEATURE_AUTO_HEALING_ENABLED=true >> {flags}; selfhealctl reload",
            critical=True,
        )
