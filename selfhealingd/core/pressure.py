"""How much longer things take on a host that is short of CPU or IO."""

CALM = 0.2
"""Share of time that work waits for something, up to which nothing is stretched."""

WORST = 0.8
"""Share from which on it is stretched as far as it ever is."""

MOST = 4.0


def stretch(pressure: float | None) -> float:
    """Return by what to multiply a timeout, from 1 to 4; None: pressure isn't known.

    ``pressure``: the share (0 to 1) of time in which some task waited for a CPU or for
    IO, whichever is larger, as ``/proc/pressure`` has it (avg10).
    """
    if pressure is None:
        return 1.0
    above = (min(pressure, WORST) - CALM) / (WORST - CALM)
    return 1.0 + (MOST - 1.0) * max(0.0, above)
