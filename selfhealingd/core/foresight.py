"""When a forecast is worth telling, and when it is time to act on it."""

from enum import Enum

import msgspec

from selfhealingd.core.trend import Forecast

NEAR = 0.75
"""The share of its limit below which nothing is told: it has time, and may yet turn."""

HORIZON_SECS = 3600.0
"""How far ahead it is told: no farther than it was looked back."""

ACT_SECS = 900.0
"""How long before its limit it is acted on where no quiet hours are named."""

BEGIN_AFTER, END_AFTER = 3, 10
"""Forecasts in a row that it takes; more to end, as a pause is not yet an end."""


class Edge(Enum):
    """What one more forecast changes."""

    SAME = "same"
    COMES = "comes"
    GOES = "goes"


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of one value so far. ``warned``: it is told that it runs out.

    ``row``: how many of the latest forecasts said the opposite.
    """

    warned: bool = False
    row: int = 0
    latest: Forecast | None = None


CLEAR = Outlook()


def look(
    outlook: Outlook, found: Forecast | None, *, pace: float = 1.0
) -> tuple[Outlook, Edge]:
    """Take in what was found of the latest half minute; None: nothing to tell."""
    soon = found is not None and found.left <= HORIZON_SECS * pace
    if soon is outlook.warned:
        return Outlook(warned=soon, latest=found if soon else None), Edge.SAME
    if outlook.row + 1 < (END_AFTER if outlook.warned else BEGIN_AFTER):
        kept = outlook.latest if outlook.warned else None
        later = Outlook(warned=outlook.warned, row=outlook.row + 1, latest=kept)
        return later, Edge.SAME
    if soon:
        return Outlook(warned=True, latest=found), Edge.COMES
    return CLEAR, Edge.GOES


def worth_a_look(value: float, limit: float) -> bool:
    """Whether a forecast could be told at all: else it needs not be made."""
    return limit > 0 and value >= NEAR * limit


def due(found: Forecast, *, quiet_named: bool, quiet_now: bool) -> bool:
    """Whether to act on what was told: in quiet hours at once, else at the last."""
    return quiet_now and (quiet_named or found.left <= ACT_SECS)
