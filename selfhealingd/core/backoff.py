"""How long to wait after healings that failed."""

from zlib import crc32

from selfhealingd.core.policy import Healing

MAX_SPREAD = 0.1
"""Jitter: at most this share is added. pebble adds 0-10 % as well."""


def delay(healing: Healing, failures: int) -> float:
    """Seconds to wait after so many failed healings in a row: initial * 2**n, capped.

    With the defaults 5, 10, 20 ... 320 after six, and never more than 600.
    """
    # Beyond 2**64 the cap has long decided; a float must not overflow on the way.
    return min(healing.backoff_initial * 2.0 ** min(failures, 64), healing.backoff_max)


def spread(seed: str, *parts: object) -> float:
    """Give a share in [0, 0.1) that is the same whenever it is asked for.

    Jitter only has to differ between hosts, services and tries. Drawn from a hash, it
    does that, and a replay of the journal decides as the daemon did.
    """
    text = "\0".join(map(str, (seed, *parts)))
    return crc32(text.encode()) / 2**32 * MAX_SPREAD
