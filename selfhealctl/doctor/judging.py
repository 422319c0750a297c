"""What facts mean: well, a warning or a problem, and what to type. Pure."""

import re
import shlex
from collections.abc import Iterable, Iterator

from selfhealctl.doctor.facts import Checked, Facts, Unreached
from selfhealctl.doctor.findings import (
    Finding,
    ok,
    problem,
    warning,
    worst_first,
)
from selfhealctl.doctor.unit import about_unit, how_to_restart
from selfhealctl.views.text import duration, size
from selfhealingd.wire.checkup import (
    CheckupDocument,
    DriftDocument,
    LimitDocument,
    PlaceDocument,
)

OLDEST_KERNEL = (5, 4)
"""The first with pidfd_open(2) and waitid(2) of a pidfd."""

_MIB, _GIB = 1 << 20, 1 << 30
_LITTLE, _SCANT = (0.01, _GIB, 20 * _MIB), (0.05, 5 * _GIB, 200 * _MIB)
"""Room is short below the share if it is below the first size, and always below the
second one."""

_FULL, _TIGHT = 0.95, 0.8
"""Shares of a limit."""

SOCKET = "control socket"

_AHEAD_SECS = 60.0
_SOONEST = 1_767_225_600.0
"""2026-01-01: before this version was made."""

_SHOWN = 3


def judge(facts: Facts) -> tuple[Finding, ...]:
    """Return all findings, the worst first."""
    return worst_first(_all(facts))


def _all(facts: Facts) -> Iterator[Finding]:
    yield _kernel(facts)
    yield _clock(facts)
    if facts.unit is not None:
        yield from about_unit(facts.unit, facts.daemon)
    restart = how_to_restart(facts.unit, facts.daemon)
    match facts.daemon:
        case Unreached(words, hint):
            do = hint or "see --socket"
            if facts.config:
                named = f"--config {shlex.quote(facts.config)}"
                do = do.replace("--config FILE", named)
            yield problem("daemon", words, facts.socket, do=do)
            yield from places(facts.places, restart)
            if not facts.config:
                yield warning(
                    "config",
                    "not looked at: which one a daemon at this socket has isn't known",
                    do="name it: selfhealctl doctor --config FILE",
                )
            check = f"selfhealingd --config {shlex.quote(facts.config)} --check"
            if facts.unplaced:
                yield warning(
                    "folders",
                    f"not looked at: {facts.unplaced}",
                    facts.config,
                    do=f"see what is wrong with it: {check}",
                )
            if facts.checked is not None:
                yield _checked(facts.checked, check)
        case found:
            yield from _daemon(facts, found, restart)


def _kernel(facts: Facts) -> Finding:
    numbers = tuple(map(int, re.findall(r"\d+", facts.kernel)[:2]))
    if numbers < OLDEST_KERNEL or not facts.pidfd:
        why = "there is no pidfd" if numbers >= OLDEST_KERNEL else "5.4 is the oldest"
        return problem(
            "kernel", f"Linux {facts.kernel}: {why}", do="boot a newer kernel"
        )
    return ok("kernel", f"Linux {facts.kernel}")


def _clock(facts: Facts) -> Finding:
    found = facts.daemon
    ahead = found.state_ahead if isinstance(found, CheckupDocument) else None
    if ahead is not None and ahead > _AHEAD_SECS:
        return warning(
            "clock",
            f"the state was written {duration(ahead)} in the future: the clock was"
            " set back, and times of events overlap",
            do="see what sets it: timedatectl; nothing else depends on it",
        )
    if facts.now < _SOONEST:
        return problem(
            "clock",
            "it is years behind, so that times of events are wrong",
            do="set it: timedatectl set-ntp true (or date -s)",
        )
    if facts.synchronized is False:
        return warning(
            "clock",
            "nothing keeps it right, so that times of events may be wrong",
            do="timedatectl set-ntp true (or start chrony)",
        )
    return ok("clock", "kept right" if facts.synchronized else "it runs")


def _checked(found: Checked, check: str) -> Finding:
    if found.status == 0:
        return ok("config", found.words[-1] if found.words else "it can be used")
    words = "; ".join(found.words[:_SHOWN]) or f"exit status {found.status}"
    return problem("config", words, do=check)


def _daemon(facts: Facts, found: CheckupDocument, restart: str) -> Iterator[Finding]:
    yield ok("daemon", f"{found.version} answers, pid {found.pid}", facts.socket)
    yield _version(facts, found)
    yield _rights(found)
    yield from places(found.places, restart)
    for limit in found.limits:
        yield _limit(limit)
    yield _cgroups(found, restart)
    yield from _drift(found.drift)
    yield from _keys(found)
    if found.left:
        names = ", ".join(found.left[:_SHOWN])
        more = f" and {len(found.left) - _SHOWN} more" if found.left[_SHOWN:] else ""
        files = shlex.join(f"{name}.stdout" for name in found.left[:_SHOWN])
        yield warning(
            "fifos",
            f"left by an earlier daemon, of programs that there are no more: {names}"
            f"{more}",
            found.runtime_dir,
            do=f"look whether you know them: cd {shlex.quote(found.runtime_dir)};"
            f" ls -l {files}",
        )
    there = [name for name, is_there in found.extras.items() if is_there]
    yield ok("extras", f"installed: {', '.join(there) or 'none'}")
    if found.status == "healthy":
        yield ok("status", "healthy")
    else:
        count = f"{found.issues} issue{'s' if found.issues != 1 else ''}"
        tell = problem if found.status == "critical" else warning
        yield tell("status", f"the daemon tells of {count}", do="selfhealctl status")


def _version(facts: Facts, found: CheckupDocument) -> Finding:
    if found.version == facts.version:
        return ok("version", f"daemon and client are of {facts.version}")
    words = f"the daemon runs {found.version}, installed here is {facts.version}"
    if _numbers(found.version) > _numbers(facts.version):
        do = f"type the selfhealctl that lies beside it: ps -o args= -p {found.pid}"
        return warning("version", words, do=do)
    return warning("version", words, do="selfhealctl upgrade (programs run on)")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def _rights(found: CheckupDocument) -> Finding:
    who = "root" if found.uid == 0 else f"uid {found.uid}"
    if found.operator:
        return ok("rights", f"you may operate; the daemon is {who}")
    return ok("rights", "you may look; to act it takes sudo, or [control] operators")


def places(found: Iterable[PlaceDocument], restart: str) -> Iterator[Finding]:
    """Judge folders and files: permissions of each, room once for each file system."""
    seen: dict[int, None] = {}
    for place in found:
        yield _place(place, restart)
        if place.total and place.device not in seen:
            seen[place.device] = None
            yield from _room(place)


def _place(place: PlaceDocument, restart: str) -> Finding:
    path = shlex.quote(place.path)
    if place.problem is not None:
        return problem(
            place.what, place.problem, place.path, do=f"namei -l {path}; df -h {path}"
        )
    if place.exposed and place.what == SOCKET:
        return warning(
            place.what,
            "anyone may connect, and see all but logs and evidence",
            place.path,
            do='in the config: [control] mode = "0660"; ' + restart,
        )
    if place.exposed:
        return problem(
            place.what, "anyone may write it", place.path, do=f"chmod o-w {path}"
        )
    return ok(place.what, "as it should be", place.path)


def _room(place: PlaceDocument) -> Iterator[Finding]:
    path = shlex.quote(place.path)
    left = f"{size(place.free)} of {size(place.total)} are free"
    if _short(place.free, place.total, _LITTLE):
        yield problem("disk", left, place.path, do=f"make room: df -h {path}")
    elif _short(place.free, place.total, _SCANT):
        yield warning("disk", left, place.path, do=f"make room: df -h {path}")
    else:
        yield ok("disk", left, place.path)
    if place.total_inodes:
        share = place.free_inodes / place.total_inodes
        inodes = f"{place.free_inodes} of {place.total_inodes} inodes are free"
        do = f"find who makes so many files: df -i {path}"
        if share < _LITTLE[0]:
            yield problem("inodes", inodes, place.path, do=do)
        elif share < _SCANT[0]:
            yield warning("inodes", inodes, place.path, do=do)


def _short(free: int, total: int, bounds: tuple[float, int, int]) -> bool:
    share, most, always = bounds
    return free < always or (free < share * total and free < most)


def _limit(limit: LimitDocument) -> Finding:
    if limit.most is None:
        return ok("limit", f"{limit.what}: {limit.used}, no limit")
    words = f"{limit.what}: {limit.used} of {limit.most}"
    do = f"allow more: {limit.raise_by}"
    if limit.needed > limit.most:
        words += f", and it takes {limit.needed} when all runs"
        return problem("limit", words, do=do)
    if limit.used >= _FULL * limit.most:
        return problem("limit", words, do=do)
    if limit.used >= _TIGHT * limit.most:
        return warning("limit", words, do=do)
    return ok("limit", words)


def _cgroups(found: CheckupDocument, restart: str) -> Finding:
    if found.delegated:
        return ok("cgroups", "each program has its own")
    if found.booted:
        return warning(
            "cgroups",
            "none is delegated to the daemon, so that a process may escape its stop",
            do="Delegate=yes in its unit: systemctl edit selfhealingd; " + restart,
        )
    return ok("cgroups", "there are none to divide; programs are found by their marks")


def _drift(drift: DriftDocument) -> Iterator[Finding]:
    if drift.mistakes:
        more = len(drift.mistakes) - 1
        rest = f" (and {more} more)" if more else ""
        yield problem(
            "config",
            f"it has mistakes, what is in force stays so: {drift.mistakes[0]}{rest}",
            drift.config,
            do=f"selfhealingd --config {shlex.quote(drift.config)} --check",
        )
    elif drift.pending:
        shown = ", ".join(drift.pending[:_SHOWN])
        more = len(drift.pending) - _SHOWN
        rest = f" and {more} more" if more > 0 else ""
        yield warning(
            "config",
            f"its files differ from what is in force: {shown}{rest}",
            drift.config,
            do="selfhealctl reread; then: selfhealctl update",
        )
    else:
        yield ok("config", "in force as it is on disk", drift.config)
    for words in drift.warnings:
        yield warning(
            "config",
            words,
            drift.config,
            do="change that; then: selfhealctl reread",
        )
    if drift.flags_error is not None:
        yield problem(
            "flags",
            f"the file can't be used, flags stay as they were: {drift.flags_error}",
            drift.flags_file,
            do=f"mend {shlex.quote(drift.flags_file)}, then: selfhealctl reload",
        )
    elif drift.flags:
        yield warning(
            "flags",
            f"in the file but not in force: {', '.join(drift.flags)}",
            drift.flags_file,
            do="selfhealctl reload",
        )
    else:
        yield ok("flags", "in force as they are on disk", drift.flags_file)


def _keys(found: CheckupDocument) -> Iterator[Finding]:
    if not found.keys:
        return
    words = f"{found.keys_usable} of {found.keys} keys for the model are usable"
    if found.keys_usable:
        yield ok("keys", words)
    else:
        yield problem("keys", words, do="selfhealctl llm keys; a new one, then: reload")
