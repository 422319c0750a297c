"""Measure what the pages state, and print it as Markdown: see README.md here.

    python tests/benchmarks/publish.py [--found FILE] [--work DIR] [--write]

``--write`` puts it into the pages, between ``<!-- measured NAME -->`` and ``<!-- end of
measured -->``. ``--found``: what run.py wrote before, instead of another run of it.

Exit status 0 when all of it was measured, 1 when something could not be.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# Run as a script, only this folder is on the path, and not the one that it is in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.report import MEASURES, NOTHING, OURS, OUTPUT, ratio, with_unit

HERE = Path(__file__).parent
TOP = HERE.parents[1]
PAGES = (TOP / "docs" / "measured.md", TOP / "README.md")
ALONE = ("sampling", "probes", "exposing", "startup", "diagnosing")
BRIEF = 200
"""With so many programs each peer has figures."""

_PLACE = re.compile(
    r"(<!-- measured (?P<name>[a-z]+) -->\n).*?(<!-- end of measured -->)", re.DOTALL
)


def main() -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--found", type=Path, metavar="FILE")
    parser.add_argument("--work", type=Path, metavar="DIR", help="keep peers there")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    found, failed = _beside_peers(args)
    said = {}
    for name in ALONE:
        more = ("--work", str(args.work)) if args.work and name == "sampling" else ()
        said[name], status = _output(name, *more)
        failed |= status
    parts = {name: "\n".join(lines) for name, lines in _parts(found, said)}
    for name, text in parts.items():
        sys.stdout.write(f"{name}\n\n{text}\n\n")
    if args.write and failed:
        sys.stderr.write("not all of it was measured: the pages stay as they are\n")
    elif args.write:
        for page in PAGES:
            page.write_text(filled(page.read_text(), parts))
    return int(failed)


def filled(page: str, parts: Mapping[str, str]) -> str:
    """Return a page with what was measured in its places."""
    return _PLACE.sub(
        lambda place: place[1] + parts[place["name"]] + "\n" + place[3], page
    )


def _parts(
    found: Mapping[str, Any], said: Mapping[str, str]
) -> Iterator[tuple[str, Iterator[str]]]:
    yield "machine", machine(found)
    yield "peers", peers(found)
    yield "alone", alone(said)
    yield "brief", brief(found)


def machine(found: Mapping[str, Any]) -> Iterator[str]:
    """Give the sentence that says where it was measured, and of what."""
    it = found["machine"]
    kernel = ".".join(it["kernel"].split("-")[0].split(".")[:2])
    yield (
        f"{it['cpus']} CPUs ({it['processor']}), {it['memory_gib']:.0f} GiB of memory,"
        f" Linux {kernel}, Python {it['python']}, load {it['load']:.1f} before."
    )


def peers(found: Mapping[str, Any]) -> Iterator[str]:
    """Give a table for each number of programs, and one of output."""
    for count in found["plan"]["programs"]:
        yield from (f"### {count} programs", "")
        yield from _table(found, MEASURES, count, figures=True)
        yield ""
    yield from ("### Output of one program", "")
    yield from _table(found, OUTPUT, 1, figures=True)
    notes = [
        f"{name}: not measured: {why}" for name, why in found["notMeasured"].items()
    ]
    notes += [
        f"{one['peer']}: {note}" for one in found["peers"] for note in one["notes"]
    ]
    if notes:
        yield from ("", *(f"- {note}" for note in notes))


def brief(found: Mapping[str, Any]) -> Iterator[str]:
    """Give one table of multiples alone."""
    measures = {key: name for key, name in MEASURES.items() if key != "restart_p95_ms"}
    yield from _table(found, measures, BRIEF, figures=False)
    yield ""
    yield from machine(found)


def alone(said: Mapping[str, str]) -> Iterator[str]:
    """Give what each of the others said, under the command that was run."""
    for number, (name, text) in enumerate(said.items()):
        yield from ("",) * bool(number)
        yield from ("```text", f"$ python tests/benchmarks/{name}.py")
        yield from text.splitlines()
        yield "```"


def _table(
    found: Mapping[str, Any], measures: Mapping[str, str], count: int, *, figures: bool
) -> Iterator[str]:
    """Ours in its units; theirs as multiples of it, with ``figures`` behind them."""
    ours: Mapping[str, Any] = {}
    for one in found["peers"]:
        if one["peer"] == OURS:
            ours = one
    yield f"| | {' | '.join(measures.values())} |"
    yield "| --- |" + " ---: |" * len(measures)
    for one in found["peers"]:
        cells = []
        for measure in measures:
            theirs = _figure(one, measure, count)
            times = ratio(theirs, _figure(ours, measure, count))
            shown = with_unit(theirs, measure)
            if one is ours:
                cells.append(shown)
            elif figures and times != NOTHING:
                cells.append(f"**{times}** {shown}")
            else:
                cells.append(times)
        yield f"| {one['peer']} {one['version']} | {' | '.join(cells)} |"


def _figure(peer: Mapping[str, Any], measure: str, count: int) -> float | None:
    value: float | None = peer["figures"].get(measure, {}).get(str(count))
    return value


def _beside_peers(args: argparse.Namespace) -> tuple[Mapping[str, Any], bool]:
    if args.found:
        return json.loads(args.found.read_text()), False
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "found.json"
        more = ("--work", str(args.work)) if args.work else ()
        _, failed = _output("run", "--json", str(file), *more)
        return json.loads(file.read_text()), failed


def _output(name: str, *arguments: str) -> tuple[str, bool]:
    """Run one of this folder; return what it said, and whether it failed."""
    command = [sys.executable, str(HERE / f"{name}.py"), *arguments]
    sys.stderr.write(f"{name}\n")
    try:
        return subprocess.check_output(command, text=True, cwd=TOP), False
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"{name} failed: status {error.returncode}\n")
        return str(error.stdout), True


if __name__ == "__main__":
    sys.exit(main())
