"""What is secret here: in the config, in the daemon's environment, and the keys."""

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import chain

import msgspec

from selfhealingd.config.settings import Config
from selfhealingd.core.confidential import (
    of_address,
    of_command,
    of_environment,
    of_headers,
)
from selfhealingd.core.discretion import redacted
from selfhealingd.core.hook import Execute, Notify, Post
from selfhealingd.core.redaction import Redactor
from selfhealingd.wire.evidence import EvidenceDocument

MOST_FORMER = 1000


class Secrecy:
    """Knows the secrets of the config in force, and of earlier ones.

    ``keys``: those of a model.
    """

    def __init__(self, config: Callable[[], Config]) -> None:
        self.keys: tuple[str, ...] = ()
        self._known: dict[str, None] = {}
        self._config = config
        self._made: tuple[Config, tuple[str, ...], Redactor] | None = None

    def redactor(self) -> Redactor:
        """Return what takes them out of a text; for any thread."""
        config, keys, made = self._config(), self.keys, self._made
        if made is not None and made[0] is config and made[1] is keys:
            return made[2]
        now = dict.fromkeys([*secrets_of(config), *of_environment(os.environ), *keys])
        # A program that was started with a secret may say it after the config has
        # another one.
        former = [one for one in self._known if one not in now][-MOST_FORMER:]
        self._known = {**dict.fromkeys(former), **now}
        redactor = Redactor(self._known)
        self._made = (config, keys, redactor)
        return redactor

    def told(self, words: str) -> str:
        """Return what a program or a command says as it may be told."""
        lines = self.redactor().lines(words.split("\n"), guess=False)
        return "\n".join(lines)

    def redacted(self, found: EvidenceDocument) -> EvidenceDocument:
        """Return evidence as it may be kept; for any thread."""
        return redacted(found, self.redactor())


def secrets_of(config: Config) -> Iterator[str]:
    """Find what is configured as a secret: in environments, flags, headers, hooks."""
    yield from config.secrets
    for part in (
        config.launches,
        config.tasks,
        config.runbooks,
        config.reloads,
        config.watches,
        config.probes,
        config.hooks,
    ):
        yield from _secrets(part)
    for hook in config.hooks.values():
        match hook.way:
            case Post(target=target):
                yield target  # that of a chat lets whoever has it write there
            case Notify(urls=urls):
                yield from chain.from_iterable(map(of_address, urls))
            case Execute():
                pass


def _secrets(value: object, name: str = "") -> Iterator[str]:
    match name, value:
        case "environment", Mapping():
            yield from of_environment(value)
        case "headers", tuple():
            yield from of_headers(value)
        case (("argv" | "command"), tuple()):
            yield from of_command(value)
        case (("secret" | "webhook"), str()):
            yield value
        case _, msgspec.Struct():
            for field in value.__struct_fields__:
                yield from _secrets(getattr(value, field), field)
        case _, Mapping():
            for one in value.values():
                yield from _secrets(one)
        case _, tuple():
            for one in value:
                yield from _secrets(one)
        case _:
            pass
