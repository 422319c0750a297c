"""How often somebody may do something: token buckets, one for each address. Pure."""

from collections import OrderedDict

import msgspec


class Rate(msgspec.Struct, frozen=True):
    """``burst`` at once, and then so many a second."""

    burst: float
    a_second: float


class _Bucket(msgspec.Struct):
    left: float
    at: float


class Buckets:
    """A bucket for each address; the least recent is forgotten beyond ``most``."""

    def __init__(self, rate: Rate, most: int = 1024) -> None:
        self._rate = rate
        self._most = most
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, address: str, now: float) -> float:
        """Take one; return 0, or the seconds after which there is one again."""
        rate = self._rate
        bucket = self._buckets.setdefault(address, _Bucket(rate.burst, now))
        self._buckets.move_to_end(address)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        passed = max(now - bucket.at, 0.0)
        bucket.left = min(rate.burst, bucket.left + passed * rate.a_second)
        bucket.at = now
        if bucket.left < 1:
            return (1 - bucket.left) / rate.a_second
        bucket.left -= 1
        return 0.0
