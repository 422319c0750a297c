"""The status as Prometheus reads it."""

from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import InfoMetricFamily
from prometheus_client.registry import Collector

from selfhealingd.wire.documents import Status

__all__ = ["CONTENT_TYPE", "expose"]


class _Collector(Collector):
    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> list[InfoMetricFamily]:
        about = {"version": self._status.version}
        return [InfoMetricFamily("selfhealingd", "The daemon", about)]


def expose(status: Status) -> bytes:
    """Write a status in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(status))
    return generate_latest(registry)
