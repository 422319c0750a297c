"""All that is known of an incident as numbered lines, which a report cites.

What the daemon and the kernel saw comes before what programs wrote.
"""

from collections.abc import Iterator

from selfhealingd.core.diagnosis import Line
from selfhealingd.wire.documents import IncidentDocument
from selfhealingd.wire.evidence import EvidenceDocument, SamplesDocument

OUTPUT = "output"
"""The part of what the program wrote begins like this, before the log's name."""


def numbered(
    incident: IncidentDocument, found: EvidenceDocument | None
) -> tuple[Line, ...]:
    """Return the lines, from 1; of the same incident and evidence, always the same."""
    lines = [("incident", f"{incident.cause}: {incident.detail}")]
    if found is not None:
        lines += _seen(found)
        lines += _said(found)
    return tuple(
        Line(number=number, part=part, words=words, said=part.startswith(OUTPUT))
        for number, (part, words) in enumerate(lines, start=1)
    )


def _seen(found: EvidenceDocument) -> Iterator[tuple[str, str]]:
    for part, words in (
        ("end", found.end),
        ("memory", found.oom),
        ("core", found.core),
    ):
        if words:
            yield part, words
    for part, several in (
        ("kernel", found.kernel),
        ("kernel stack", found.kernel_stack),
        ("python stack", found.python_stack),
        ("changed", found.changed),
    ):
        yield from ((part, words) for words in several)
    for part, pairs in (
        ("process", found.process),
        ("limits", found.limits),
        ("host", found.host),
    ):
        yield from ((part, f"{name}: {value}") for name, value in pairs.items())
    yield from _tree(found)
    yield from _files(found)
    if found.samples is not None:
        yield from _samples(found.samples)


def _tree(found: EvidenceDocument) -> Iterator[tuple[str, str]]:
    for one in found.tree:
        waits = f", waits in {one.wchan}" if one.wchan else ""
        memory = "" if one.memory is None else f", {one.memory} bytes"
        command = one.command or one.name
        threads = f"{one.threads} threads"
        state = f"{one.state}{waits}, {threads}{memory}"
        yield "process", f"pid {one.pid} of {one.parent}: {state}, {command}"


def _files(found: EvidenceDocument) -> Iterator[tuple[str, str]]:
    if found.files is None:
        return
    limit = "" if found.files.limit is None else f" of {found.files.limit}"
    yield "files", f"{found.files.open}{limit} are open"
    for one in found.files.most:
        yield "files", f"{one.count} times {one.what}"


def _samples(samples: SamplesDocument) -> Iterator[tuple[str, str]]:
    for row in samples.rows:
        cells = zip(samples.columns, row, strict=False)
        words = (f"{name} {value:.10g}" for name, value in cells if value is not None)
        yield "samples", ", ".join(words)


def _said(found: EvidenceDocument) -> Iterator[tuple[str, str]]:
    for log in found.output:
        yield from ((f"{OUTPUT} {log.path}", words) for words in log.lines)
