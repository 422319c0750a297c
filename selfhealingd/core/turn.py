"""One step in the making: the host as it changes, and what follows from it.

Lives only inside ``step``, which hands out nothing of it but frozen values.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from selfhealingd.core.effects import Announcement, Deed
from selfhealingd.core.host import Host, Service
from selfhealingd.core.policy import Policy, Program


class Turn:
    """Collects the changes of one step at one time."""

    def __init__(self, policy: Policy, host: Host, at: float) -> None:
        self.policy = policy
        self.before = host
        self.at = at
        self.deeds: list[Deed] = []
        self.announcements: list[Announcement] = []
        self.touched: dict[str, None] = {}
        self._host = host
        self._services: dict[str, Service] | None = None

    @property
    def host(self) -> Host:
        """The host as it is by now."""
        return self._host

    @host.setter
    def host(self, host: Host) -> None:
        self._host = host
        self._services = None

    def program(self, name: str) -> Program:
        """What the operator wants of a service."""
        return self.policy.programs[name]

    def service(self, name: str) -> Service:
        """One service as it is by now."""
        return self._host.services[name]

    def put(self, service: Service, deeds: Iterable[Deed] = ()) -> None:
        """Take over a service's new state, with what is to be done for it."""
        self.touched[service.name] = None
        self.deeds += deeds
        if self._host.services.get(service.name) == service:
            return  # an event that changes nothing must leave the very same host
        if self._services is None:
            self._services = dict(self._host.services)
            self._host = replace(self._host, services=self._services)
        self._services[service.name] = service

    def changed(self, name: str) -> bool:
        """Whether a service is different from what it was before this turn."""
        before = self.before.services.get(name)
        return before is not self._host.services.get(name)

    def drop(self, name: str) -> None:
        """Forget a service."""
        rest = {n: s for n, s in self._host.services.items() if n != name}
        self.host = replace(self._host, services=rest)
        self.touched[name] = None

    def say(self, announcement: Announcement) -> None:
        """Announce something that can't be seen by comparing states."""
        self.announcements.append(announcement)
