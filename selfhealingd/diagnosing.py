"""Diagnosis by a model: in nobody's way.

No call is made without a key, where it is switched off, beyond the budget, while
breaker ``llm`` is open, or where redaction failed.
"""

from collections.abc import Callable

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.calling import GRACE_SECS, call
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
from selfhealingd.core.keyring import Blame, Key
from selfhealingd.core.policy import Flags
from selfhealingd.core.redaction import RedactionError
from selfhealingd.core.sameness import fingerprint
from selfhealingd.diagnose.call import Answered, Asked
from selfhealingd.keyholding import Keys
from selfhealingd.problems import Problems
from selfhealingd.secrecy import Secrecy
from selfhealingd.spending import CannotAsk, Spending
from selfhealingd.wire.diagnosis import InVainDocument
from selfhealingd.wire.documents import IncidentDocument
from selfhealingd.wire.evidence import EvidenceDocument
from selfhealingd.wire.times import rfc3339

MOST_UNASKED = 100
FLAG = "FEATURE_LLM_DIAGNOSIS_ENABLED"
NOT_FOUND = 404
MODEL = "llm-model"

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
    """Whoever asks the model, with its keys and budget; for the loop's thread."""

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
        self.one = trio.Lock()
        """Held by whoever asks: one at a time, and nobody twice the same."""
        self._unasked: dict[str, str] = {}
        """Why there was no call about an incident; of the last ones."""
        self._asking = trio.CancelScope()
        self._endpoint = endpoint
        self._changed = changed
        self._secrecy = secrecy
        self._in_force = in_force
        self._mark = mark
        self._problems = problems
        self.keys = Keys(self._config, problems, secrecy)
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

    async def load_keys(self) -> tuple[str, ...]:
        """Read the keys, by a config that may be another; says what is new."""
        self._problems.clear(MODEL)
        return await self.keys.load()

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
        if not self.keys.ring:
            words = "there is no key for a model: rules diagnose alone"
            raise CannotAsk(words, "see where keys may come from: selfhealctl llm keys")

    async def ask(self, asked: Question, incident: IncidentDocument) -> Report:
        """Ask the model about an incident, holding ``one``. Raises CannotAsk."""
        self._unasked.pop(incident.id, None)
        try:
            found = self._report(asked, await self._told(asked), incident)
        except InVain as error:
            at = rfc3339(utc_now())
            last = InVainDocument(incident=incident.id, at=at, words=str(error))
            self.endpoint = asked_in_vain(self.endpoint, last)
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
            for _ in self.keys.ring[1:]:
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
        settings = self.settings
        chosen = self.keys.choose()
        if chosen is None:
            words = "no key can be used now"
            raise CannotAsk(words, "see why: selfhealctl llm keys")
        key, secret = chosen
        lease = settings.timeout + 4 * GRACE_SECS
        admitted = admit(self.endpoint, now=trio.current_time(), lease=lease)
        if admitted is None:
            words = "breaker llm is OPEN, as the endpoint failed; it tries again soon"
            raise CannotAsk(words, "see when: selfhealctl breakers")
        self.endpoint, ticket = admitted
        outcome = Outcome.NEUTRAL
        try:
            reserved = await self.spending.reserve(asked.body)
            told = await call(
                Asked(
                    key=secret,
                    endpoint=settings.endpoint,
                    seconds=settings.timeout,
                    body=msgspec.Raw(asked.body),
                ),
                self._mark,
            )
            await self.spending.settle(reserved, told.usage, told.status)
            self.keys.answered(key, told)
            outcome = self._judge(key, told)
        finally:
            now = trio.current_time()
            self.endpoint = record(
                self.endpoint, ticket=ticket, outcome=outcome, now=now
            )
        return told

    def _judge(self, key: Key, told: Answered) -> Outcome:
        """Note whose fault it was."""
        match keyring.blame(told.status):
            case Blame.KEY:
                log.warning(
                    f"key {key.fingerprint}: the endpoint answered {told.status}"
                )
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
                return Outcome.SUCCESS
            case _:
                log.warning(f"the model's endpoint {told.problem}")
                return Outcome.FAILURE
