"""Which logs a person means, and where else to look for what is in none."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias, assert_never

from selfhealingd.core.launch import Launch
from selfhealingd.core.output import JOURNAL_FIELD, Elsewhere, LogTo, Target, logs
from selfhealingd.wire.methods import Stream
from selfhealingd.wire.output import ElsewhereDocument, LogDocument, Tailing

Shown: TypeAlias = LogDocument | ElsewhereDocument

STREAMS: tuple[Stream, ...] = ("stdout", "stderr")


def tailing(
    launches: Mapping[str, Launch], names: Iterable[str], stream: Stream | None
) -> Tailing:
    """Return the programs' logs, each file once, and what is in none of them.

    Who has no launch is a watch, of which nobody here sees what it says.
    ``stream`` None: all that they say; then what is thrown away is not missed where
    the rest is kept.
    """
    found_logs: dict[str, LogDocument] = {}
    elsewhere: list[ElsewhereDocument] = []
    for name in names:
        launch = launches.get(name)
        found = _of_watch(name) if launch is None else _of_program(name, launch, stream)
        for shown in found:
            match shown:
                case LogDocument():
                    found_logs.setdefault(shown.path, shown)
                case ElsewhereDocument():
                    elsewhere.append(shown)
    return Tailing(logs=tuple(found_logs.values()), elsewhere=tuple(elsewhere))


def followable(launch: Launch) -> int:
    """How many logs of a program there are to be followed."""
    return len(logs(launch.stdout, launch.stderr))


def _of_watch(name: str) -> Iterator[Shown]:
    yield ElsewhereDocument(
        name=name,
        stream=STREAMS[0],
        words=f"{name} is a watch: what it says goes where its own config says",
        hint="if it is a unit of systemd's: journalctl -e -u UNIT",
    )


def _of_program(name: str, launch: Launch, stream: Stream | None) -> Iterator[Shown]:
    if stream is not None:
        yield _shown(name, stream, _target(launch, stream))
        return
    streams = STREAMS if launch.stderr not in (None, launch.stdout) else STREAMS[:1]
    kept = [one for one in streams if _target(launch, one) is not Elsewhere.NOWHERE]
    for one in kept or STREAMS[:1]:
        yield _shown(name, one, _target(launch, one))


def _target(launch: Launch, stream: Stream) -> Target:
    if stream == "stdout" or launch.stderr is None:
        return launch.stdout
    return launch.stderr


def _shown(name: str, stream: Stream, target: Target) -> Shown:
    if isinstance(target, LogTo):
        return LogDocument(name=name, stream=stream, path=str(target.path))
    words, hint = _elsewhere(name, stream, target)
    words = f"the {stream} of {name} {words}"
    return ElsewhereDocument(name=name, stream=stream, words=words, hint=hint)


def _elsewhere(name: str, stream: Stream, target: Elsewhere) -> tuple[str, str]:
    match target:
        case Elsewhere.NOWHERE:
            hint = f"to keep it, set {stream}_logfile in [program.{name}], then:"
            return "is thrown away", f"{hint} selfhealctl reload && selfhealctl update"
        case Elsewhere.JOURNAL:
            command = f"journalctl -e {JOURNAL_FIELD}={name}"
            return "goes to systemd's journal", command
        case Elsewhere.STDOUT | Elsewhere.STDERR:
            words = f"goes to the daemon's own {target.name.lower()}"
            hint = (
                "see it there, such as: journalctl -e -u selfhealingd, or: docker logs"
            )
            return words, f"{hint} CONTAINER; its lines begin with {name}:"
        case _:
            assert_never(target)
