"""Everything that may be asked over the control socket, as one table.

A method is known because it stands here; nothing is ever looked up by attribute.
"""

from datetime import datetime
from enum import Enum
from typing import Annotated, Literal, TypeAlias

import msgspec

Stream: TypeAlias = Literal["stdout", "stderr"]

REASON_CHARACTERS = 500
Reason: TypeAlias = Annotated[str, msgspec.Meta(max_length=REASON_CHARACTERS)]
"""It is kept and shown wherever what was done is: one of many pages would push all
else out of there."""


class Access(Enum):
    """Who may call: whoever may connect, or operators alone."""

    OBSERVE = "observe"
    OPERATE = "operate"


class Params(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Base of all parameters: an unknown one is an error, not ignored.

    What is as it is by default is not sent: an older daemon need not know of it.
    """


class Nothing(Params, frozen=True):
    """No parameters."""


class Why(Params, frozen=True):
    """For what is done to the daemon as a whole: a reason, if there is one."""

    reason: Reason | None = None


class Names(Params, frozen=True):
    """Programs by name; the single name ``all`` means all."""

    names: tuple[str, ...]
    reason: Reason | None = None


class One(Params, frozen=True):
    """One program or watch by name."""

    name: str


class Some(Params, frozen=True):
    """Programs by name; none stands for the config as a whole."""

    names: tuple[str, ...] = ()


class Update(Some, frozen=True):
    """Programs by name; none stands for the config as a whole."""

    reason: Reason | None = None


class Restart(Names, frozen=True):
    """``max_unavailable``: at most so many at a time, each waited for; 0: all at once.

    The first that doesn't come up ends a rolling restart.
    """

    max_unavailable: int = 0


class Signal(Params, frozen=True):
    """``signal`` is a name (``HUP``, ``SIGHUP``) or a number as text."""

    names: tuple[str, ...]
    signal: str


class Resume(Params, frozen=True):
    """A reason is required: it is recorded with who gave it."""

    reason: Reason


class Reset(Params, frozen=True):
    """``name`` is a breaker's, such as ``program:web`` or ``self-healing-main``."""

    name: str
    reason: Reason
    force: bool = False


class RunByHand(Names, frozen=True, kw_only=True):
    """A runbook, and the programs for which it is run, one after the other."""

    runbook: str


class TaskId(Params, frozen=True):
    """One background task."""

    id: str
    reason: Reason | None = None


class HookName(Params, frozen=True):
    """One hook, by the name that ``hooks`` has."""

    name: str


class Recent(Params, frozen=True):
    """How many ended incidents to show beside the open ones.

    ``names``: of these services alone. ``open``: no ended ones. ``since_secs``: only
    what was open in the last so many seconds.
    """

    limit: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 20
    names: tuple[str, ...] = ()
    open: bool = False
    since_secs: Annotated[float, msgspec.Meta(gt=0)] | None = None


class IncidentId(Params, frozen=True):
    """One incident; the name of a service means its latest."""

    id: str


class Approve(Params, frozen=True):
    """What waits for approval under that id; a reason is required."""

    id: str
    reason: Reason


class Trust(Params, frozen=True):
    """A service on which a model may act again; a reason is required."""

    name: str
    reason: Reason


class Subscribe(Params, frozen=True):
    """``last``: how many past events to send before the live ones."""

    last: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0


class Follow(Subscribe, frozen=True):
    """``names``: only what concerns these services; none stands for everything."""

    names: tuple[str, ...] = ()


class Tail(Params, frozen=True):
    """The end of programs' logs: the last ``lines``, or the last ``bytes`` instead.

    ``stream``: ``stdout`` or ``stderr``; None is every log that they have.
    ``follow``: go on with what is added.
    """

    names: tuple[str, ...]
    stream: Stream | None = None
    lines: Annotated[int, msgspec.Meta(ge=0)] = 20
    bytes: Annotated[int, msgspec.Meta(ge=0)] | None = None
    follow: bool = False


class Drill(Params, frozen=True):
    """What is done to which service.

    ``confirmed``: who asks knows what that leaves behind.
    """

    kind: Literal["kill", "hang", "leak", "crashloop"]
    name: str
    confirmed: bool = False


class Replay(Params, frozen=True):
    """What was recorded from ``since`` on, all of it if None; and by another config.

    ``config``: its file, by its full path, read by the daemon's user.
    """

    since: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    config: str | None = None


class Samples(Params, frozen=True):
    """Programs by name, and how many of their last samples; the host if none is."""

    names: tuple[str, ...] = ()
    last: Annotated[int, msgspec.Meta(ge=0)] = 120


class History(Params, frozen=True):
    """Programs by name, all if none is; at most so many points of each."""

    names: tuple[str, ...] = ()
    points: Annotated[int, msgspec.Meta(ge=1)] = 60


class Method(msgspec.Struct, frozen=True):
    """One row of the table."""

    access: Access
    params: type[Params] = Nothing


METHODS: dict[str, Method] = {
    "status": Method(Access.OBSERVE),
    "pid": Method(Access.OBSERVE, Names),
    "explain": Method(Access.OBSERVE, One),
    "breakers": Method(Access.OBSERVE),
    "tasks": Method(Access.OBSERVE),
    "flags": Method(Access.OBSERVE),
    "incidents": Method(Access.OBSERVE, Recent),
    "forecast": Method(Access.OBSERVE, Some),
    "incident": Method(Access.OBSERVE, IncidentId),
    "evidence": Method(Access.OPERATE, IncidentId),
    "llm": Method(Access.OBSERVE),
    "llm-preview": Method(Access.OPERATE, IncidentId),
    "llm-report": Method(Access.OPERATE, IncidentId),
    "llm-diagnose": Method(Access.OPERATE, IncidentId),
    "llm-approve": Method(Access.OPERATE, Approve),
    "llm-trust": Method(Access.OPERATE, Trust),
    "doctor": Method(Access.OBSERVE),
    "samples": Method(Access.OBSERVE, Samples),
    "history": Method(Access.OBSERVE, History),
    "runbooks": Method(Access.OBSERVE),
    "hooks": Method(Access.OBSERVE),
    "hook-test": Method(Access.OPERATE, HookName),
    "run": Method(Access.OPERATE, RunByHand),
    "subscribe": Method(Access.OBSERVE, Follow),
    "version": Method(Access.OBSERVE),
    "replay": Method(Access.OPERATE, Replay),
    "tail": Method(Access.OPERATE, Tail),
    "clear": Method(Access.OPERATE, Names),
    "start": Method(Access.OPERATE, Names),
    "stop": Method(Access.OPERATE, Names),
    "restart": Method(Access.OPERATE, Restart),
    "signal": Method(Access.OPERATE, Signal),
    "drill": Method(Access.OPERATE, Drill),
    "resume": Method(Access.OPERATE, Resume),
    "reset": Method(Access.OPERATE, Reset),
    "pause-all": Method(Access.OPERATE, Why),
    "resume-all": Method(Access.OPERATE, Why),
    "cleanup": Method(Access.OPERATE, Why),
    "unregister": Method(Access.OPERATE, TaskId),
    "reload": Method(Access.OPERATE, Why),
    "reread": Method(Access.OPERATE, Some),
    "update": Method(Access.OPERATE, Update),
    "add": Method(Access.OPERATE, Names),
    "remove": Method(Access.OPERATE, Names),
    "upgrade": Method(Access.OPERATE),
    "shutdown": Method(Access.OPERATE),
}
