"""Whether what a model advises may be done: by itself, by a person's word, or never.

Asked twice, when it is advised and when it would begin, as all may have changed in
between. Nothing in here leaves dormant mode or a breaker that is open for good.
"""

import hashlib
from typing import TypeAlias

import msgspec

from selfhealingd.core.breaker import HalfOpen, Open
from selfhealingd.core.diagnosis import (
    Action,
    DelayRestart,
    NoAction,
    RestartOnce,
    in_words,
)
from selfhealingd.core.host import Host, Service
from selfhealingd.core.life import Backoff, Running
from selfhealingd.core.policy import Llm, Policy
from selfhealingd.core.proposal import Ordered, Proposed
from selfhealingd.core.remedy import Hold, Remedy, Restart, Run
from selfhealingd.core.symptom import ladder
from selfhealingd.core.words import RESUME, reset_command

DEMOTED_AFTER = 2
"""So many remedies of a model in a row that did not help: from then on it advises."""


class Leave(msgspec.Struct, frozen=True):
    """Nothing is done, and nobody asked; ``do``: what a person would type first."""

    words: str
    do: str | None = None


class Ask(msgspec.Struct, frozen=True):
    """A person has to approve it, for that reason."""

    words: str


class Carry(msgspec.Struct, frozen=True):
    """The operator allowed it beforehand."""


Verdict: TypeAlias = Leave | Ask | Carry


def judge(
    policy: Policy, host: Host, s: Service, incident: str, action: Action
) -> Verdict:
    """Decide what becomes of an action that is advised for an incident."""
    if isinstance(action, NoAction):
        return Leave("nothing need be done")
    never = refusal(policy, host, s, incident, action)
    if never is not None:
        return never
    if s.incident is not None and any(one.advised for one in s.incident.attempts):
        return Leave("the model has had its try at this incident")
    needed = _consent_needed(policy, s, action) or _too_early(policy, s)
    return Carry() if needed is None else Ask(needed)


def refusal(
    policy: Policy, host: Host, s: Service, incident: str, action: Action
) -> Leave | None:
    """Return why it may not be done at all, not even by a person's approval."""
    if policy.llm is Llm.OFF:
        return Leave('diagnosis by a model is switched off: [llm] mode = "off"')
    if not host.flags.llm_diagnosis:
        return Leave("FEATURE_LLM_DIAGNOSIS_ENABLED is off")
    if s.open_incident is None or s.open_incident.id != incident:
        return Leave(f"incident {incident} is over")
    if not s.wanted:
        return Leave("it is stopped on request", f"selfhealctl start {s.name}")
    if s.breaker.permanent:
        words = "its breaker is open for good, which a person alone may change"
        return Leave(words, reset_command(s.name, s.kind))
    if host.dormant:
        return Leave("the engine is dormant, which a person alone may change", RESUME)
    if not host.flags.auto_healing:
        return Leave("FEATURE_AUTO_HEALING_ENABLED is off")
    if isinstance(action, Run) and action.runbook not in policy.runbooks:
        return Leave(f"there is no runbook {action.runbook} any more")
    return None


def standing(policy: Policy, host: Host, s: Service) -> Action | None:
    """Return what is ordered for a service and may still be done; None: the ladder's.

    Only as long as a person's approval, or the config, says so.
    """
    ordered = s.proposal
    if not isinstance(ordered, Ordered):
        return None
    action = ordered.action
    if refusal(policy, host, s, ordered.incident, action) is not None:
        return None
    if ordered.by is None and _consent_needed(policy, s, action) is not None:
        return None
    return action


def approved(s: Service) -> bool:
    """Whether a person approved what is ordered, so that no backoff need be waited."""
    return isinstance(s.proposal, Ordered) and s.proposal.by is not None


def delayed_until(policy: Policy, s: Service) -> float:
    """When a restart that is to be delayed may be: after the longest backoff."""
    if s.proposal is None:
        raise AssertionError(s)
    return s.proposal.at + policy.programs[s.name].healing.backoff_max


def remedy(action: Action | None) -> Remedy | None:
    """Return the remedy that an action is; None where the ladder's is to be taken."""
    match action:
        case RestartOnce():
            return Restart()
        case Run():
            return action
        case None | NoAction() | Hold() | DelayRestart():
            return None


def demoted(s: Service) -> bool:
    """Whether a model only advises about it, whatever the config says."""
    return s.misled >= DEMOTED_AFTER


def stale(s: Service, proposed: Proposed, digest: str, now: float) -> str | None:
    """Return what has changed so that a proposal can't be approved any more."""
    if now >= proposed.until:
        return "its time is over"
    if s.breaker.generation != proposed.generation:
        return f"its breaker has changed since, and is {s.breaker.label}"
    if digest != proposed.digest:
        return "the config has changed since"
    return None


def lapses(s: Service, proposed: Proposed, now: float) -> float:
    """When a proposal can't be approved any more, as far as that is known.

    What follows a breaker's OPEN is the next remedy, which changes the breaker.
    """
    if not isinstance(s.breaker.state, Open):
        return proposed.until
    again = s.breaker.state.until
    if isinstance(s.life, Backoff) and s.life.until is not None:
        again = max(again, s.life.until)
    return min(proposed.until, again) if again > now else proposed.until


def digest(*parts: object) -> str:
    """Return what tells one config from another; the same in every process."""
    whole = msgspec.json.encode(parts, enc_hook=str, order="deterministic")
    return hashlib.sha256(whole).hexdigest()[:16]


def allowed(policy: Policy, name: str) -> tuple[str, ...]:
    """Return what the operator lets a model do about a service, in words."""
    return tuple(in_words(one) for one in policy.programs[name].healing.llm_actions)


def _consent_needed(policy: Policy, s: Service, action: Action) -> str | None:
    """Return why the config does not allow it by itself."""
    if policy.llm is not Llm.ACT:
        return "the model advises only"
    if action not in policy.programs[s.name].healing.llm_actions:
        return "it is not among its llm_actions"
    if demoted(s):
        return f"{s.misled} remedies of the model in a row did not help"
    return None


def _too_early(policy: Policy, s: Service) -> str | None:
    """Return why it is not a model's turn: the ladder is first."""
    found = s.open_incident
    if found is None:
        raise AssertionError(s)
    steps = ladder(
        policy.programs[s.name], s.leading if isinstance(s.life, Running) else None
    )
    if isinstance(steps[min(found.failed, len(steps) - 1)], Hold):
        return "its ladder leaves it to a person"
    opened = isinstance(s.breaker.state, Open | HalfOpen)
    if found.failed < len(steps) and not opened:
        return "its own remedies have not all been tried"
    return None
