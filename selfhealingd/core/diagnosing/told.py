"""A report as it is told: all of it to operators, its heart to everybody else."""

from selfhealingd.core.diagnosis import Fault, Report, in_words
from selfhealingd.wire.diagnosis import CitedDocument, ReportDocument

MOST_CITED = 6
"""Lines that a person reads at night."""

_IN_GENERAL = {
    Fault.OUT_OF_MEMORY: "it got no more memory",
    Fault.PORT_TAKEN: "an address that it wants is taken by another process",
    Fault.MISSING_FILE: "something that it needs is missing",
    Fault.BAD_CONFIG: "its own config is not right",
    Fault.PERMISSION: "it lacks a permission",
    Fault.DISK_FULL: "a disk, or its quota, is full",
    Fault.DEPENDENCY: "it can't reach what it depends on",
    Fault.CERTIFICATE: "a certificate is expired or refused",
    Fault.CRASH: "it crashed: a defect of it, or of a library that it loads",
    Fault.DEFECT: "an error that nobody caught ended it",
    Fault.HANG: "it is there, but does nothing and answers nothing",
    Fault.LEAK: "it takes more and more, and gives nothing back",
    Fault.FORK_BOMB: "it made more processes or threads than there may be",
    Fault.DESCRIPTORS: "it ran out of file descriptors",
    Fault.KILLED: "somebody killed it",
    Fault.START_TIMEOUT: "it was not ready in the time that it is given",
    Fault.NO_FAULT: "nothing is wrong with it",
    Fault.UNKNOWN: "the evidence does not tell",
}


def told(report: Report, *, operator: bool) -> ReportDocument:
    """Return its document. What programs wrote, and where, is for operators alone."""
    cited = report.cited[:MOST_CITED] if operator else ()
    return ReportDocument(
        cause=report.cause.value,
        summary=report.summary if operator else _IN_GENERAL[report.cause],
        confidence=report.confidence,
        action=in_words(report.action),
        by=report.by.value,
        cited=tuple(
            CitedDocument(number=line.number, part=line.part, words=line.words)
            for line in cited
        ),
        next_commands=report.next_commands if operator else (),
    )
