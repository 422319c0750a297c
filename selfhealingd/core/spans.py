"""Durations as people say them."""

TENTHS_BELOW = 10.0
"""Seconds below which a tenth still says something."""


def span(seconds: float) -> str:
    """A duration as people say it: ``0.4 s``, ``12 s``, ``5 min 20 s``, ``2 h 5 min``.

    A person reads at most two units, so nothing smaller than those is named.
    """
    if seconds < TENTHS_BELOW:
        return f"{max(seconds, 0):.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    minutes, secs = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = [(days, "d"), (hours, "h"), (minutes, "min"), (secs, "s")]
    first = next(i for i, (n, _) in enumerate(units) if n)
    return " ".join(f"{n} {unit}" for n, unit in units[first : first + 2] if n)
