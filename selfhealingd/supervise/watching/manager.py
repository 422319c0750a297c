"""systemd itself, asked over D-Bus about units, and heard when they change.

As root by the manager's own socket, which needs no bus; otherwise by the system's bus.
Where neither answers, ``CannotAsk`` says so, and there is still ``systemctl``.
"""

import math
import os
from collections import defaultdict
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from jeepney import Message
    from jeepney.io.trio import DBusRouter

SLOW_SECS = 30.0
"""How long nothing at all may be heard until one looks again all the same."""

_PRIVATE = "/run/systemd/private"
_BUS = "/run/dbus/system_bus_socket"
_NAME = "org.freedesktop.systemd1"
_TOP = "/org/freedesktop/systemd1"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_ASKED = {
    "MainPID": "Service",
    "Result": "Service",
    "LoadState": "Unit",
    "SubState": "Unit",
    "ActiveState": "Unit",
}
_ANSWER_SECS = 5.0
_AGAIN_SECS = 5.0


class CannotAsk(Exception):
    """systemd can't be reached over D-Bus, or does not answer."""


class Manager:
    """Asked by all watches over units; connects when it is asked first, and again."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._connecting = trio.Lock()
        self._router: DBusRouter | None = None
        self._not_before = -math.inf
        self._versions = defaultdict[str, int](int)
        self._stir = trio.Event()

    async def facts(self, unit: str) -> dict[str, str]:
        """Return properties of a unit, by name; raises CannotAsk."""
        from jeepney.io.common import RouterClosed  # noqa: PLC0415 - see _connect

        try:
            with trio.fail_after(_ANSWER_SECS):
                router = await self._connected()
                return {name: await _get(router, unit, name) for name in _ASKED}
        except trio.TooSlowError as error:
            words = f"systemd does not answer within {_ANSWER_SECS:g} s"
            raise CannotAsk(words) from error
        except (OSError, RouterClosed, trio.BrokenResourceError) as error:
            raise CannotAsk(f"cannot ask systemd: {error}") from error

    def version(self, unit: str) -> int:
        """Return a number that is another one whenever a unit has changed."""
        return self._versions[unit_path(unit)]

    async def moved(self, unit: str, version: int) -> None:
        """Return when a unit has changed since then, or may have unheard."""
        with trio.move_on_after(SLOW_SECS):
            while self._router is not None and self.version(unit) == version:
                await self._stir.wait()

    async def _connected(self) -> "DBusRouter":
        async with self._connecting:
            if self._router is None:
                if trio.current_time() < self._not_before:
                    raise CannotAsk("systemd could not be reached a moment ago")
                self._not_before = trio.current_time() + _AGAIN_SECS
                self._router = await self._nursery.start(self._stay_connected)
            return self._router

    async def _stay_connected(
        self, *, task_status: "trio.TaskStatus[DBusRouter]"
    ) -> None:
        """Start with a connection, and hear what changes until it ends."""
        try:
            await self._connect(task_status)
        except* (trio.EndOfChannel, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # systemd began anew, perhaps as other code
        finally:
            self._router = None
            self._shake()

    async def _connect(self, task_status: "trio.TaskStatus[DBusRouter]") -> None:
        # Only where units are watched: it takes memory that others needn't give.
        from jeepney import MatchRule, Message  # noqa: PLC0415
        from jeepney.io.trio import DBusConnection, DBusRouter  # noqa: PLC0415

        private = os.geteuid() == 0
        async with await _open(_PRIVATE if private else _BUS) as stream:
            rule = MatchRule(
                type="signal",
                interface=_PROPERTIES,
                member="PropertiesChanged",
                path_namespace=f"{_TOP}/unit",
            )
            send, changes = trio.open_memory_channel[Message](math.inf)
            async with trio.open_nursery() as nursery:
                router = DBusRouter(DBusConnection(stream.socket))
                await router.start(nursery)
                if not private:
                    await _subscribe(router, rule)
                async with router.filter(rule, channel=send):
                    task_status.started(router)
                    async for message in changes:
                        self._note(message)

    def _note(self, message: "Message") -> None:
        from jeepney import HeaderFields  # noqa: PLC0415 - see _connect

        self._versions[message.header.fields[HeaderFields.path]] += 1
        self._shake()

    def _shake(self) -> None:
        self._stir.set()
        self._stir = trio.Event()


async def _open(path: str) -> trio.SocketStream:
    """Connect, and say who we are, as the kernel confirms; raises CannotAsk.

    All of it at once, as systemd's own tools do: what comes to it together with a BEGIN
    that it still waits for is not looked at before something else comes.
    """
    from jeepney.auth import BEGIN, make_auth_external  # noqa: PLC0415

    said = b""
    try:
        stream = await trio.open_unix_socket(path)
        await stream.send_all(b"\0" + make_auth_external() + BEGIN)
        while not said.endswith(b"\r\n"):
            more = await stream.receive_some()
            if not more:
                break
            said += more
    except (OSError, trio.BrokenResourceError) as error:
        raise CannotAsk(f"cannot reach systemd: {error}") from error
    if not said.startswith(b"OK "):
        raise CannotAsk("systemd does not let us ask")
    return stream


async def _subscribe(router: "DBusRouter", rule: object) -> None:
    """Be told of changes; a bus does that only on request."""
    from jeepney import DBusAddress, message_bus, new_method_call  # noqa: PLC0415

    manager = DBusAddress(_TOP, _NAME, f"{_NAME}.Manager")
    await router.send_and_get_reply(message_bus.Hello())
    await router.send_and_get_reply(message_bus.AddMatch(rule))
    await router.send_and_get_reply(new_method_call(manager, "Subscribe"))


async def _get(router: "DBusRouter", unit: str, name: str) -> str:
    from jeepney import DBusAddress, MessageType, new_method_call  # noqa: PLC0415

    address = DBusAddress(unit_path(unit), _NAME, _PROPERTIES)
    body = (f"{_NAME}.{_ASKED[name]}", name)
    reply = await router.send_and_get_reply(new_method_call(address, "Get", "ss", body))
    if reply.header.message_type is MessageType.error:
        raise CannotAsk(f"systemd says of {unit}: {' '.join(map(str, reply.body))}")
    return str(reply.body[0][1])


def unit_path(unit: str) -> str:
    """Return the path of a unit's object: what is no letter or digit is escaped."""
    escaped = "".join(
        c
        if c.isascii() and (c.isalpha() or (c.isdigit() and place))
        else "".join(f"_{byte:02x}" for byte in c.encode())
        for place, c in enumerate(unit)
    )
    return f"{_TOP}/unit/{escaped}"
