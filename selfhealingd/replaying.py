"""A replay of the journal, as a process of its own: it takes long, and may be killed.

    python -P -m selfhealingd.replaying JOURNAL [--since TIME] [--config FILE]

The daemon starts it for whoever asks. It reads and writes no file but those that it is
told to read, and prints one line: a ``Replayed`` as JSON.
"""

import argparse
import os
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from selfhealingd.clock import utc_now
from selfhealingd.config.check import load_config
from selfhealingd.config.mistakes import ConfigError
from selfhealingd.config.settings import Config
from selfhealingd.core.probe import NONE
from selfhealingd.core.record import OPENING
from selfhealingd.core.remedy import Ladder
from selfhealingd.core.replay.otherwise import Otherwise, Settings
from selfhealingd.core.replay.result import result
from selfhealingd.core.replay.retelling import Retelling
from selfhealingd.store.errors import StoreError
from selfhealingd.store.reading import Reading, Record
from selfhealingd.wire.replay import Replayed

MOST_BYTES = 2 * 1024**3
MOST_CPU_SECS = 600


def main(arguments: Sequence[str]) -> None:
    """Replay, and print what it tells."""
    parser = argparse.ArgumentParser(prog="selfhealingd.replaying")
    parser.add_argument("journal", type=Path)
    parser.add_argument("--since", type=datetime.fromisoformat)
    parser.add_argument("--config", type=Path)
    asked = parser.parse_args(arguments)
    be_modest()
    told = replay(asked.journal, asked.since, asked.config)
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.flush()


def be_modest() -> None:
    """Stand back for everything else on this host, and be the first to go."""
    os.nice(19)
    for what, most in (
        (resource.RLIMIT_AS, MOST_BYTES),
        (resource.RLIMIT_CPU, MOST_CPU_SECS),
    ):
        with suppress(ValueError, OSError):  # it is lower already
            resource.setrlimit(what, (most, most))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def replay(journal: Path, since: datetime | None, file: Path | None) -> Replayed:
    """Decide a journal again, and by the config in ``file`` as well; blocks."""
    settings = None
    if file is not None:
        try:
            config = load_config(file, environ=os.environ, uid=os.geteuid())
        except ConfigError as error:
            return Replayed(mistakes=tuple(str(one) for one in error.mistakes))
        settings = settings_of(config)
    try:
        told, first = retell(journal, since)
    except StoreError as error:
        return Replayed(problem=str(error))
    if not told.pasts:
        return Replayed(problem=_nothing(journal, since, first))
    other = None
    if settings is not None:
        other = Otherwise(settings)
        for past in told.pasts:
            other.live(past)
    found = result(told, other, config=None if file is None else str(file))
    return Replayed(replay=msgspec.structs.replace(found, records=first))


def retell(journal: Path, since: datetime | None) -> tuple[Retelling, str | None]:
    """Decide again what was recorded from ``since`` on; and when the first record was.

    Raises StoreError.
    """
    skip, first = 0, None
    for number, line in enumerate(Reading(journal)):
        if line.get("kind") == OPENING:
            first = first or str(line.get("at"))
            if since is not None and _by(line, since):
                skip = number
    told = Retelling(since)
    reading = Reading(journal)
    for line in _from(reading, skip):
        told.take(line)
    told.close(utc_now())  # whoever wrote the last record is who asks
    told.unread += reading.skipped
    return told, first


def settings_of(config: Config) -> Settings:
    """What a config would have changed in what was decided."""
    ladders = {name: _ladders(config, name) for name in config.policy.programs}
    return Settings(policy=config.policy, ladders=ladders)


def _ladders(config: Config, service: str) -> dict[str, Ladder]:
    """What a config has tried for each symptom of a service that it looks for."""
    probes = config.probes.get(service, NONE).all()
    checks = [one for one in config.checks.values() if one.service == service]
    return {
        **{key: probe.ladder for key, probe in probes.items()},
        **{rule.key: rule.ladder for rule in config.rules.get(service, ())},
        **{check.key: check.ladder for check in checks},
    }


def _from(reading: Reading, skip: int) -> Iterator[Record]:
    for number, line in enumerate(reading):
        if number >= skip:
            yield line


def _by(line: Record, since: datetime) -> bool:
    with suppress(ValueError):
        at = datetime.fromisoformat(str(line.get("at")))
        return at.replace(tzinfo=at.tzinfo or UTC) <= since
    return False


def _nothing(journal: Path, since: datetime | None, first: str | None) -> str:
    if first is None:
        return f"there are no records in {journal}"
    after = "" if since is None else f" after {since.isoformat()}"
    return f"there are no records that can be read{after}; the first is of {first}"


if __name__ == "__main__":
    main(sys.argv[1:])
