"""``[check.NAME]``: what should be, and whom it concerns, checked together."""

from collections.abc import Collection, Iterable, Mapping

from selfhealingd.config.ladder import check_ladder
from selfhealingd.config.mistakes import Spot, likely
from selfhealingd.config.named import Named
from selfhealingd.config.rules import check_host_remedy
from selfhealingd.config.schema import CheckTable
from selfhealingd.config.table import Wrong, read_table
from selfhealingd.core.check import (
    Asked,
    CertificateAt,
    CertificateFile,
    Check,
    FileCheck,
    FolderCheck,
)
from selfhealingd.core.remedy import Hold

EVERY = 60.0
CERTIFICATE_EVERY = 3600.0
EXPIRES_WITHIN = 14 * 86400.0

_KINDS: dict[str, frozenset[str]] = {
    "file": frozenset({"exists", "max_age", "min_size", "max_size", "checksum"}),
    "folder": frozenset({"exists", "max_age", "max_entries"}),
    "certificate": frozenset({"expires_within"}),
}
_OWN = frozenset().union(*_KINDS.values())


def read_checks(
    written: Iterable[Named], services: Mapping[str, bool], runbooks: Collection[str]
) -> dict[str, Check]:
    """Return all checks; ``services`` says of each whether it can be reloaded.

    Mistakes are noted at their spots. Paths are relative to the config file's folder.
    """
    found = {}
    for one in written:
        check = _read(one, services, runbooks)
        if check is not None and not one.again:
            found[one.name] = check
    return found


def _read(
    one: Named, services: Mapping[str, bool], runbooks: Collection[str]
) -> Check | None:
    spot = one.spot
    table, wrong = read_table(CheckTable, one.raw, spot)
    if table is None or not isinstance(one.raw, dict):
        return None
    kind = _kind(one.raw, spot)
    if kind is None or wrong:
        return None
    _check_keys(one.raw, kind, spot)
    _check_whom(table, one.raw, spot, services, runbooks)
    ladder = table.remedy or (() if table.service is not None else (Hold(),))
    usual = CERTIFICATE_EVERY if kind == "certificate" else EVERY
    return Check(
        name=one.name,
        what=_what(table, spot),
        every=table.every or usual,
        service=table.service,
        ladder=ladder,
        critical=table.level == "critical",
    )


def _kind(raw: Mapping[str, object], spot: Spot) -> str | None:
    kinds = [key for key in _KINDS if key in raw]
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        spot.wrong(f"it can't be of {' and '.join(kinds)}", "write two checks")
    else:
        spot.wrong(
            "it is not said what to look at", f"write one of {', '.join(_KINDS)}"
        )
    return None


def _check_keys(raw: Mapping[str, object], kind: str, spot: Spot) -> None:
    for key in raw:
        if key in _OWN - _KINDS[kind]:
            homes = " or ".join(k for k, keys in _KINDS.items() if key in keys)
            spot.at(key).wrong(f"a {kind} has none", f"it is for a {homes}")
        elif raw.get("exists") is False and key in _OWN - {"exists"}:
            spot.at(key).wrong("cannot be with exists = false", "leave one of them out")


def _check_whom(
    table: CheckTable,
    raw: Mapping[str, object],
    spot: Spot,
    services: Mapping[str, bool],
    runbooks: Collection[str],
) -> None:
    remedy = table.remedy or ()
    if table.service is None:
        try:
            check_host_remedy(remedy, spot.at("remedy"))
        except Wrong:
            return  # it has been noted
    elif table.service not in services:
        hint = likely(table.service, services)
        spot.at("service").wrong(f'no such program or watch: "{table.service}"', hint)
    elif "level" in raw:
        spot.at("level").wrong("what concerns a service is an incident of it")
    reloads = services.get(table.service or "")
    check_ladder(remedy, spot.at("remedy"), runbooks=runbooks, reloads=reloads)


def _what(table: CheckTable, spot: Spot) -> Asked:
    within = table.expires_within or EXPIRES_WITHIN
    match table.certificate:
        case (host, port):
            return CertificateAt(
                host=host or "localhost", port=port, expires_within=within
            )
        case str(path):
            return CertificateFile(path=str(spot.folder / path), expires_within=within)
    if table.folder is not None:
        return FolderCheck(
            path=str(spot.folder / table.folder),
            exists=table.exists,
            max_age=table.max_age,
            max_entries=table.max_entries,
        )
    unchanged = table.checksum == "unchanged"
    return FileCheck(
        path=str(spot.folder / (table.file or "")),
        exists=table.exists,
        max_age=table.max_age,
        min_size=table.min_size,
        max_size=table.max_size,
        unchanged=unchanged,
        sha256=None if unchanged else table.checksum,
    )
