"""What there is to say of one service: the same words wherever a service is shown."""

from selfhealingd.wire.documents import ProgramDocument

RUNNING = "RUNNING"
_ALIVE = frozenset({RUNNING, "STARTING", "STOPPING"})


def ended(item: ProgramDocument) -> str:
    """Return how the last run ended, while that explains anything.

    Of a program that is well it would read as if it had just happened.
    """
    well = item.state == RUNNING and item.incident is None
    return "" if well else item.exit or ""


def wrong(item: ProgramDocument, *, end: bool = True) -> list[str]:
    """Return all that is not well with it, in parts; ``end``: how it ended, too."""
    symptoms = [one.words for one in item.symptoms if one.words != item.next]
    ends = [ended(item)] if end and ended(item) else []
    unwell = [f"not ready: {item.not_ready}"] if item.not_ready else []
    return [*symptoms, *ends, *unwell, *unwell_probes(item)]


def unwell_probes(item: ProgramDocument) -> list[str]:
    """Return what is not well with it by its own probes, that isn't told otherwise."""
    told = {one.key for one in item.symptoms}
    return [
        f"{probe.name} {probe.answer}: {probe.words}"
        for probe in item.probes
        if probe.answer not in (None, "ok")
        and probe.name not in told
        and not (item.not_ready and probe.failing)
    ]


def update(item: ProgramDocument) -> str:
    """Return what an update would do with it."""
    if item.removed:
        verb = "STOPS" if item.state in _ALIVE else "drops"
        return f"gone from the config: selfhealctl update {verb} it"
    if item.pending_update:
        return "selfhealctl update applies a new config"
    return ""
