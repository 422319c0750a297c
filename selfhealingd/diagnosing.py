"""Diagnosis by a model: in nobody's way.

No call is made without a key, where it is switched off, beyond the budget, while
breaker ``llm`` is open, or where redaction failed.
"""

import os
import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.clock import utc_now
from selfhealingd.config.settings import Config, Llm
from selfhealingd.core import answer, keyring
from selfhealingd.core.breaker import By, Outcome
from selfhealingd.core.bundle import Bundle, bundle
from selfhealingd.core.diagnosing.lines import numbered
from selfhealingd.core.diagnosis import Report
from selfhealingd.core.endpoint import (
    Endpoint,
    admit,
    asked_in_vain,
    closed,
    record,
    reported,
)
from selfhealingd.core.keyring import Blame, Failed, KeyRing
from selfhealingd.core.launch import Launch
from selfhealingd.core.policy import Flags
from selfhealingd.core.redaction import RedactionError
from selfhealingd.core.sameness import fingerprint
from selfhealingd.diagnose.call import Answered, Asked
from selfhealingd.diagnose.keys import find_keys
from selfhealingd.problems import Problems
from selfhealingd.secrecy import Secrecy
from selfhealingd.spending import CannotAsk, Spending
from selfhealingd.supervise.environment import INSTANCE, TASK
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.run import run_to_end
from selfhealingd.wire.diagnosis import InVainDocument
from selfhealingd.wire.documents import IncidentDocument
from selfhealingd.wire.evidence import EvidenceDocument
from selfhealingd.wire.times import rfc3339

GRACE_SECS = 3.0
"""For the helper to say itself that its time was over, before it is killed."""

KEY_FILE = "llm.keys"
"""Beside the config: where keys are looked for if it names no other file."""

MOST_TOLD = 64 * 1024
MOST_UNASKED = 100
FLAG = "FEATURE_LLM_DIAGNOSIS_ENABLED"
NOT_FOUND = 404
KEYS, MODEL, SOURCES = "llm-keys", "llm-model", "llm-sources"

log = logs.get("Diagnosis")


class InVain(CannotAsk):
    """There was a call, and nothing came of it."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What would be sent: ``body`` to the byte.

    ``key``: what it has in common with that of the same incidents.
    """

    bundle: Bundle
    runbooks: frozenset[str]
    body: bytes
    key: str


class Diagnosis:
    """Keys, budget and breaker of the model's endpoint; for the loop's thread."""

    def __init__(
        self,
        in_force: Callable[[], tuple[Config, Flags]],
        mark: str,
        problems: Problems,
        secrecy: Secrecy,
        *,
        endpoint: Endpoint,
        changed: Callable[[], object],
    ) -> None:
        self.ring: KeyRing = ()
        self.one = trio.Lock()
        """Held by whoever asks: one at a time, and nobody twice the same."""
        self.refused: tuple[str, ...] = ()
        """Why keys were not taken from where they are looked for."""
        self._unasked: dict[str, str] = {}
        """Why there was no call about an incident; of the last ones."""
        self._asking = trio.CancelScope()
        self._endpoint = endpoint
        self._changed = changed
        self._secrecy = secrecy
        self._in_force = in_force
        self._mark = mark
        self._problems = problems
        self._keys: dict[str, str] = {}
        self.spending = Spending(self._config)

    @property
    def endpoint(self) -> Endpoint:
        """Where the model is asked; each change is written down."""
        return self._endpoint

    @endpoint.setter
    def endpoint(self, after: Endpoint) -> None:
        if after != self._endpoint:
            self._endpoint = after
            self._changed()

    def _config(self) -> Config:
        return self._in_force()[0]

    @property
    def settings(self) -> Llm:
        """What the config in force says."""
        return self._config().llm

    @property
    def key_file(self) -> Path:
        """Where keys are looked for, and may be put."""
        return self.settings.key_file or self._config().file.parent / KEY_FILE

    async def load_keys(self) -> tuple[str, ...]:
        """Read the keys, and go on with those that there are now; says what is new."""
        named = self.settings.key_file is not None
        read = partial(find_keys, os.environ, self.key_file, os.geteuid(), named=named)
        with trio.move_on_after(10) as scope:
            found = await trio.to_thread.run_sync(read, abandon_on_cancel=True)
        if scope.cancelled_caught:
            log.warning("reading keys took over 10 s; those of before stay")
            return ()
        before, self.ring = self.ring, keyring.renewed(self.ring, found.ring)
        self._keys = found.keys
        self._secrecy.keys = tuple(found.keys.values())
        # Now, as what this config has stays secret after the next one.
        try:
            await trio.to_thread.run_sync(self._secrecy.redactor)
        except Exception:
            log.exception("a defect of ours in redaction: nothing will be sent")
        self._problems.clear(MODEL)
        self.refused = found.problems
        if found.problems:
            words = f"a key for the model cannot be used: {found.problems[0]}"
            log.warning("; ".join(found.problems))
            self._problems.set(SOURCES, words, "mend it, then: selfhealctl reload")
        else:
            self._problems.clear(SOURCES)
        self._judge_keys()
        return keyring.changes(before, self.ring)

    def forgive_keys(self) -> None:
        """Try failed keys again if there is no other, by a person's word."""
        self.ring = keyring.forgiven(self.ring, trio.current_time())

    def close_breaker(self, reason: str, by: By) -> None:
        """Let calls be made again, by a person's word."""
        now = trio.current_time()
        self.endpoint = closed(self.endpoint, reason=reason, by=by, now=now)

    async def question(
        self, incident: IncidentDocument, found: EvidenceDocument | None
    ) -> Question:
        """Return what is sent about an incident. Raises CannotAsk."""
        config = self._config()
        runbooks = frozenset(config.runbooks)

        def make() -> Question:
            redactor = self._secrecy.redactor()
            chosen = bundle(numbered(incident, found), redactor)
            asked = answer.question(config.llm.model, chosen, runbooks)
            body = msgspec.json.encode(asked)
            redactor.check(body.decode())
            key = fingerprint(incident.service, asked, chosen.lines)
            return Question(bundle=chosen, runbooks=runbooks, body=body, key=key)

        try:
            return await trio.to_thread.run_sync(make)
        except RedactionError as error:
            raise CannotAsk(f"nothing was sent: {error}") from error
        except Exception as error:
            log.exception("a defect of ours in redaction: nothing was sent")
            words = "nothing was sent: a defect of ours, see the daemon's log"
            raise CannotAsk(words) from error

    @property
    def off(self) -> str | None:
        """By what it is switched off; None where it is on."""
        config, flags = self._in_force()
        if not flags.llm_diagnosis:
            return f"{FLAG}=false in {config.daemon.flags_file}"
        return '[llm] mode = "off"' if self.settings.mode == "off" else None

    def stop_if_off(self) -> None:
        """End the call under way where somebody has switched it off."""
        if self.off is not None:
            self._asking.cancel()

    def refuse_unless_ready(self) -> None:
        """Raise CannotAsk where nothing is to be asked: switched off, or no key."""
        if self.off is not None:
            raise CannotAsk(f"diagnosis by a model is switched off: {self.off}")
        if not self.ring:
            words = "there is no key for a model: rules diagnose alone"
            raise CannotAsk(words, "see where keys may come from: selfhealctl llm keys")

    async def ask(self, asked: Question, incident: IncidentDocument) -> Report:
        """Ask the model about an incident, holding ``one``. Raises CannotAsk."""
        self._unasked.pop(incident.id, None)
        try:
            found = self._report(asked, await self._told(asked), incident)
        except InVain as error:
            at = rfc3339(utc_now())
            call = InVainDocument(incident=incident.id, at=at, words=str(error))
            self.endpoint = asked_in_vain(self.endpoint, call)
            raise
        except CannotAsk as error:
            self._unasked[incident.id] = str(error)
            if len(self._unasked) > MOST_UNASKED:
                del self._unasked[next(iter(self._unasked))]
            raise
        self.endpoint = reported(self.endpoint, incident.id)
        return found

    def why_not(self, incident: str) -> str | None:
        """Say why there is no report of an incident, where one was wanted."""
        for one in self.endpoint.in_vain:
            if one.incident == incident:
                return f"a model was asked, in vain: {one.words} (at {one.at})"
        words = self._unasked.get(incident)
        return None if words is None else f"a model was not asked: {words}"

    async def _told(self, asked: Question) -> Answered:
        """Make the call, with one key after the other until one is not refused."""
        with trio.CancelScope() as self._asking:
            self.stop_if_off()  # as may have happened while the question was made
            told = await self._call(asked)
            for _ in self.ring[1:]:
                if keyring.blame(told.status) is not Blame.KEY:
                    break
                told = await self._call(asked)
            return told
        raise InVain(f"its answer was not waited for: switched off by {self.off}")

    def _report(
        self, asked: Question, told: Answered, incident: IncidentDocument
    ) -> Report:
        if told.problem is not None:
            raise InVain(f"the model's endpoint {told.problem}")
        try:
            found = answer.report(
                answer.tool_input(told.stop, bytes(told.content)),
                asked.bundle,
                asked.runbooks,
                service=incident.service,
                incident=incident.id,
            )
        except answer.BadAnswer as error:
            log.warning(f"{incident.service}: the model's answer is not used: {error}")
            words = f"the model's answer is not used: {error}"
            raise InVain(words) from error
        if told.usage is None:
            return found
        return msgspec.structs.replace(
            found, tokens=told.usage.tokens, cost=self.spending.cost(told.usage)
        )

    async def _call(self, asked: Question) -> Answered:
        """Make one call with the next key, within budget and breaker."""
        settings, now = self.settings, trio.current_time()
        key = keyring.choose(self.ring, now)
        if key is None:
            words = "no key can be used now"
            raise CannotAsk(words, "see why: selfhealctl llm keys")
        lease = settings.timeout + 4 * GRACE_SECS
        admitted = admit(self.endpoint, now=now, lease=lease)
        if admitted is None:
            words = "breaker llm is OPEN, as the endpoint failed; it tries again soon"
            raise CannotAsk(words, "see when: selfhealctl breakers")
        self.endpoint, ticket = admitted
        outcome = Outcome.NEUTRAL
        try:
            reserved = await self.spending.reserve(asked.body)
            told = await self._run(asked.body, self._keys[key.fingerprint], settings)
            await self.spending.settle(reserved, told.usage, told.status)
            outcome = self._judge(key.fingerprint, told)
        finally:
            now = trio.current_time()
            self.endpoint = record(
                self.endpoint, ticket=ticket, outcome=outcome, now=now
            )
        return told

    def _judge(self, fingerprint: str, told: Answered) -> Outcome:
        """Note whose fault it was."""
        now = trio.current_time()
        if told.status is not None:
            self.ring = keyring.answered(
                self.ring,
                fingerprint,
                told.status,
                now=now,
                retry_after=keyring.seconds(told.retry_after),
            )
        match keyring.blame(told.status):
            case Blame.KEY:
                log.warning(f"key {fingerprint}: the endpoint answered {told.status}")
                self._judge_keys()
                return Outcome.NEUTRAL
            case Blame.CONFIG:
                model, file = self.settings.model, self._config().file
                words = f"does not take what it is asked with model {model}"
                if told.status == NOT_FOUND:
                    words = f"knows no model {model}"
                self._problems.set(
                    MODEL,
                    f"the endpoint of [llm] {words} ({told.status})",
                    f"mend model or endpoint of [llm] in {file}, then:"
                    " selfhealctl reload",
                )
                return Outcome.NEUTRAL
            case Blame.NOBODY if told.problem is None:
                self._problems.clear(MODEL)
                self._judge_keys()
                return Outcome.SUCCESS
            case _:
                log.warning(f"the model's endpoint {told.problem}")
                return Outcome.FAILURE

    def _judge_keys(self) -> None:
        failed = [key for key in self.ring if isinstance(key.state, Failed)]
        if not self.ring or len(failed) < len(self.ring):
            self._problems.clear(KEYS)
            return
        keys = "the key" if len(failed) == 1 else f"all {len(failed)} keys"
        flags = self._config().daemon.flags_file
        self._problems.set(
            KEYS,
            f"{keys} for the model failed; healing by rules goes on",
            "to be sure that nothing acts meanwhile:"
            f" echo FEATURE_AUTO_HEALING_ENABLED=false >> {flags}; selfhealctl reload;"
            " see why they failed: selfhealctl llm keys; put a valid key in their"
            f" place: (umask 077 && cat > {shlex.quote(str(self.key_file))}), paste it,"
            " Enter, Ctrl-D; selfhealctl reload; see activeKeys at 1 or more:"
            " selfhealctl status | jq .llm.keyManagement; automation on again:"
            f" echo FEATURE_AUTO_HEALING_ENABLED=true >> {flags}; selfhealctl reload",
            critical=True,
        )

    async def _run(self, body: bytes, key: str, settings: Llm) -> Answered:
        asked = Asked(
            key=key,
            endpoint=settings.endpoint,
            seconds=settings.timeout,
            body=msgspec.Raw(body),
        )
        argv = (sys.executable, "-I", "-m", "selfhealingd.diagnose.helper")
        try:
            ran = await run_to_end(
                Launch(argv=argv, directory=Path("/"), alone=True),
                {INSTANCE: self._mark, TASK: "llm"},
                timeout=settings.timeout + GRACE_SECS,
                output_limit=MOST_TOLD,
                stdin=msgspec.json.encode(asked),
            )
        except SpawnError as error:
            return Answered(problem=f"was not asked: {error}")
        if ran.timed_out:
            return Answered(problem=f"timed out after {settings.timeout:g} s")
        try:
            last = ran.tail.strip().rpartition("\n")[2]
            return msgspec.json.decode(last, type=Answered)
        except msgspec.DecodeError:
            log.error(f"the helper that asks failed: {ran.problem(settings.timeout)}")
            return Answered(problem="was not asked: its helper failed, see the log")
