"""Asks a service what can be asked at any time; each answer within its time."""

import ssl

import trio
from msgspec import UNSET
from msgspec.structs import replace

from selfhealingd.core.ask import Answer, Ask, Connect, Exec, Http, failed, unknown
from selfhealingd.core.launch import Launch
from selfhealingd.core.output import Elsewhere
from selfhealingd.core.spans import span
from selfhealingd.observe.pressure import Pressure
from selfhealingd.observe.probes.command import Runner, meaning
from selfhealingd.observe.probes.connecting import (
    CannotLookUp,
    addresses,
    refused,
    stream_to,
)
from selfhealingd.observe.probes.http import request
from selfhealingd.observe.probes.talk import talk
from selfhealingd.observe.probes.tls import CannotTrust, Contexts

COMMANDS_AT_ONCE = 16
"""Each is a process or more: a thousand at once would be the host's trouble."""

CONNECTIONS_AT_ONCE = 256
"""Each takes a descriptor for as long as it is not answered."""


class Asker:
    """Puts the questions; who has to wait for his turn is not the later for it.

    ``run`` runs commands; ``pressure`` makes timeouts longer on a host in need.
    """

    def __init__(self, run: Runner, pressure: Pressure) -> None:
        self._run = run
        self._pressure = pressure
        self._contexts = Contexts()
        self._commands = trio.CapacityLimiter(COMMANDS_AT_ONCE)
        self._connections = trio.CapacityLimiter(CONNECTIONS_AT_ONCE)

    async def ask(self, ask: Ask, launch: Launch, seconds: float) -> Answer:
        """Return what comes within ``seconds``, or longer on a host under pressure.

        A command runs as the program of ``launch`` does: its user, environment and
        directory.
        """
        if isinstance(ask, Exec):
            async with self._commands:
                return await self._command(ask, launch, seconds)
        async with self._connections:
            return await self._connection(ask, seconds)

    async def _command(self, ask: Exec, launch: Launch, seconds: float) -> Answer:
        seconds = self._pressure.stretched(seconds)
        command = replace(
            launch,
            argv=ask.argv,
            stdout=Elsewhere.NOWHERE,
            stderr=None,
            readiness=None,
            sockets=(),
            asks=UNSET,
            watchdog=UNSET,
        )
        return meaning(await self._run(command, seconds), seconds)

    async def _connection(self, ask: Http | Connect, seconds: float) -> Answer:
        seconds = self._pressure.stretched(seconds)
        try:
            where = await addresses(ask.place, seconds)
        except CannotLookUp as error:
            return unknown(str(error))
        with trio.move_on_after(seconds):
            try:
                async with stream_to(
                    ask.place, where, ask.tls, self._contexts
                ) as stream:
                    if isinstance(ask, Http):
                        return await request(ask, stream)
                    return await talk(ask, stream)
            except CannotTrust as error:
                return unknown(str(error))
            except trio.BrokenResourceError as error:
                return self._broken(ask, error)
            except OSError as error:
                return refused(ask.place, error)
        return failed(f"no answer within {span(seconds)}", "no answer")

    def _broken(self, ask: Http | Connect, error: trio.BrokenResourceError) -> Answer:
        cause = error.__cause__
        if isinstance(cause, ssl.SSLError) and ask.tls is not None:
            self._contexts.forget(ask.tls)
            reason = getattr(cause, "verify_message", None) or cause.reason
            return failed(f"TLS: {reason or cause}")
        return failed("the connection broke off")
