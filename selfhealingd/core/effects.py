"""Everything that can be done or announced. What it follows from is in ``events``.

Deeds change the world and are performed in order; announcements tell people, the
journal and subscribers. An announcement that is ``durable`` is told only after the
state that it speaks of was written.
"""

from enum import Enum
from typing import ClassVar, TypeAlias

import msgspec

from selfhealingd.core.breaker import Change
from selfhealingd.core.diagnosis import Action
from selfhealingd.core.exits import Exit
from selfhealingd.core.incident import Attempt, Incident
from selfhealingd.core.policy import Kind


class Consequence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all effects."""


class Spawn(Consequence, frozen=True, kw_only=True, tag=True):
    """Start a run's process. ``look``: only look for that of a watch."""

    service: str
    run: int
    look: bool = False


class Order(Enum):
    """What the signal to a watch stands for, where the operator named a command."""

    STOP = "stop"
    RESTART = "restart"


class Signal(Consequence, frozen=True, kw_only=True, tag=True):
    """Signal a run's process, or all of its group; or give a watch its ``order``."""

    service: str
    run: int
    signal: int
    group: bool
    order: Order | None = None


class Wake(Consequence, frozen=True, kw_only=True, tag=True):
    """Send ``Due`` at that time instead of any that was asked for; None: never."""

    service: str
    at: float | None = None


class Listen(Consequence, frozen=True, kw_only=True, tag=True):
    """Send ``Knocked`` on the first connection from then on; None: for none.

    Replaces what was asked for before. Once it was sent, there is nothing to wait for.
    """

    service: str
    at: float | None = None


class Observe(Consequence, frozen=True, kw_only=True, tag=True):
    """Look whether a run is well from now on; ``pid`` None: no more."""

    service: str
    run: int
    pid: int | None = None


class Gather(Consequence, frozen=True, kw_only=True, tag=True):
    """Keep the evidence of an incident, then send ``Gathered``."""

    service: str
    run: int
    incident: str


class Command(Consequence, frozen=True, kw_only=True, tag=True):
    """Carry out an attempt by a command, then send ``CommandEnded``.

    ``runbook`` None: the service's own command to reload.
    """

    service: str
    incident: str
    attempt: int
    runbook: str | None = None


class Finish(Consequence, frozen=True, kw_only=True, tag=True):
    """Everything is stopped: the daemon may end.

    ``ended_by``: the essential program whose end was the reason.
    """

    ended_by: str | None = None


class Answer(Consequence, frozen=True, kw_only=True, tag=True):
    """Answer a request. ``done`` is False where it is refused, ``words`` say why."""

    request: int
    done: bool
    words: str
    hint: str | None = None


class Transition(Consequence, frozen=True, kw_only=True, tag=True):
    """A service's state has another name now. ``exit``: where a run ended with it."""

    durable: ClassVar[bool] = False
    service: str
    kind: Kind = Kind.PROGRAM
    before: str
    after: str
    run: int
    pid: int | None = None
    exit: Exit | None = None
    until: float | None = None
    why: str | None = None


class ReadinessChanged(Consequence, frozen=True, kw_only=True, tag=True):
    """A program that is up is ready again, or isn't; ``lack`` says why not."""

    durable: ClassVar[bool] = False
    service: str
    lack: str | None = None


class StartedByClient(Consequence, frozen=True, kw_only=True, tag=True):
    """A client connected, so a program that waited for that is started."""

    durable: ClassVar[bool] = False
    service: str


class Escalated(Consequence, frozen=True, kw_only=True, tag=True):
    """What was told to end has not, in so many seconds: it is sent SIGKILL."""

    durable: ClassVar[bool] = False
    service: str
    run: int
    waited: float


class EssentialEnded(Consequence, frozen=True, kw_only=True, tag=True):
    """An essential program ended for good, so the daemon does."""

    durable: ClassVar[bool] = True
    service: str


class IncidentOpened(Consequence, frozen=True, kw_only=True, tag=True):
    """Something went wrong."""

    durable: ClassVar[bool] = False
    incident: Incident


class IncidentEnded(Consequence, frozen=True, kw_only=True, tag=True):
    """It is over, one way or another."""

    durable: ClassVar[bool] = True
    incident: Incident


class AttemptBegan(Consequence, frozen=True, kw_only=True, tag=True):
    """A remedy is carried out."""

    durable: ClassVar[bool] = False
    service: str
    incident: str
    attempt: Attempt


class AttemptEnded(Consequence, frozen=True, kw_only=True, tag=True):
    """A remedy's result is known. ``failures``: failed healings in a row so far."""

    durable: ClassVar[bool] = True
    service: str
    incident: str
    attempt: Attempt
    failures: int


class AdviceTaken(Consequence, frozen=True, kw_only=True, tag=True):
    """A model's advice was judged: ``words`` say what becomes of it.

    ``proposal``: the id under which it waits for a person's approval, if it does.
    ``again``: all was told before, but for these words.
    """

    durable: ClassVar[bool] = True
    service: str
    incident: str
    action: Action
    words: str
    proposal: str | None = None
    again: bool = False


class ModelDemoted(Consequence, frozen=True, kw_only=True, tag=True):
    """So many remedies of a model in a row did not help: it only advises from now."""

    durable: ClassVar[bool] = True
    service: str
    remedies: int


class BreakerChanged(Consequence, frozen=True, kw_only=True, tag=True):
    """A breaker has another state now."""

    durable: ClassVar[bool] = True
    breaker: str
    before: str
    after: str
    failures: int
    change: Change
    until: float | None = None


class OperatorActed(Consequence, frozen=True, kw_only=True, tag=True):
    """A person's request was done; ``service`` where it was about one program."""

    durable: ClassVar[bool] = True
    action: str
    target: str
    by: str
    reason: str | None = None
    service: str | None = None


class IncidentDiagnosed(Consequence, frozen=True, kw_only=True, tag=True):
    """A model has said what went wrong; ``cost`` in the operator's currency.

    ``same_as``: it had said so of another incident, and was not asked again.
    """

    durable: ClassVar[bool] = False
    service: str
    incident: str
    cause: str
    action: str
    model: str
    tokens: int | None = None
    cost: float | None = None
    same_as: str | None = None


class ProblemFound(Consequence, frozen=True, kw_only=True, tag=True):
    """Something is wrong that no incident is about; ``service`` None: with the host."""

    durable: ClassVar[bool] = False
    key: str
    words: str
    service: str | None = None
    critical: bool = False


class ProblemOver(Consequence, frozen=True, kw_only=True, tag=True):
    """It isn't any more."""

    durable: ClassVar[bool] = False
    key: str
    words: str
    service: str | None = None


class FlagsSet(Consequence, frozen=True, kw_only=True, tag=True):
    """The flags in force changed: the emergency switch among them."""

    durable: ClassVar[bool] = True
    off: tuple[str, ...] = ()


Deed: TypeAlias = (
    Spawn | Signal | Wake | Listen | Observe | Gather | Command | Finish | Answer
)

Announcement: TypeAlias = (
    Transition
    | ReadinessChanged
    | StartedByClient
    | Escalated
    | EssentialEnded
    | IncidentOpened
    | IncidentEnded
    | IncidentDiagnosed
    | AttemptBegan
    | AttemptEnded
    | AdviceTaken
    | ModelDemoted
    | BreakerChanged
    | OperatorActed
    | ProblemFound
    | ProblemOver
    | FlagsSet
)

Effect: TypeAlias = Deed | Announcement
