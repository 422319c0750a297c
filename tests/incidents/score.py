"""Score diagnoses by rules of labelled incidents; with --live those by a model as well.

Each call is made as the daemon makes it, by its helper, with its prompt and its checks
of the answer; nothing is taken from a cache. Exit status 0 when it was scored, 1 when
there is no key or the endpoint does not take it or the model, 2 for wrong usage.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import trio

# Run as a script, only this folder is on the path, and not the one that it is in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from incidents.labelled import Labelled, labelled
from incidents.scoring import Given, Score, judge, misses, score, table

from selfhealingd.config.settings import Llm
from selfhealingd.core import answer, keyring
from selfhealingd.core.budget import Prices, estimate
from selfhealingd.core.bundle import Bundle, bundle
from selfhealingd.core.diagnosing.lines import numbered
from selfhealingd.core.diagnosing.rules import diagnose
from selfhealingd.core.redaction import Redactor
from selfhealingd.diagnose.call import Answered, Asked
from selfhealingd.diagnose.keys import find_keys

WAITS = (1.0, 10.0)
"""Before a call is made again; what is waited counts as latency."""

MOST_WAIT_SECS = 60.0
GRACE_SECS = 3.0
RUNBOOKS: frozenset[str] = frozenset()


class CannotScore(Exception):
    """The model can't be asked at all; says why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit status."""
    args = _arguments(argv)
    chosen = [one for one in labelled() if args.only in one.name]
    scores = [by_rules(chosen)]
    try:
        if args.live:
            scores.append(trio.run(by_model, chosen, args))
    except CannotScore as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if args.json is not None:
        args.json.write_bytes(msgspec.json.format(msgspec.json.encode(scores)))
    sys.stdout.write(f"{len(chosen)} incidents; 95 % confidence intervals (Wilson)\n\n")
    sys.stdout.write(f"{table(scores)}\n")
    if told := misses(scores):
        sys.stdout.write(f"\nnot right, or not grounded:\n{told}\n")
    return 0


def by_rules(chosen: Sequence[Labelled]) -> Score:
    """Score what the daemon says without a key."""
    judged = []
    for one in chosen:
        given = Given(report=diagnose(one.incident, one.evidence))
        judged.append(judge(one, given, numbered(one.incident, one.evidence)))
    return score("rules", judged)


async def by_model(chosen: Sequence[Labelled], args: argparse.Namespace) -> Score:
    """Score a model, one call after the other. Raises CannotScore."""
    found = find_keys(os.environ, args.key_file, os.geteuid())
    if not found.ring:
        why = "; ".join(found.problems) or "set ANTHROPIC_API_KEY, or give --key-file"
        raise CannotScore(f"there is no key: {why}")
    key = found.keys[found.ring[0].fingerprint]
    questions = [_question(one, args.model) for one in chosen]
    most = sum(estimate(body, answer.MAX_TOKENS).tokens for _, body in questions)
    sys.stderr.write(f"{len(chosen)} calls of at most {most} tokens in all\n")
    judged = []
    for one, (lines, body) in zip(chosen, questions, strict=True):
        began = time.monotonic()
        told = await _asked(body, key, args)
        given = _given(one, lines, told, time.monotonic() - began)
        judged.append(judge(one, given, lines.lines))
        said = judged[-1].cause or judged[-1].problem
        sys.stderr.write(f"{one.name}: {said}\n")
    prices = None
    if args.price_input is not None:
        prices = Prices(input=args.price_input, output=args.price_output)
    return score(args.model, judged, prices)


def _question(one: Labelled, model: str) -> tuple[Bundle, bytes]:
    lines = bundle(numbered(one.incident, one.evidence), Redactor([]))
    return lines, msgspec.json.encode(answer.question(model, lines, RUNBOOKS))


async def _asked(body: bytes, key: str, args: argparse.Namespace) -> Answered:
    """Make one call, again after a while where the endpoint is busy or ill."""
    asked = Asked(
        key=key, endpoint=args.endpoint, seconds=args.timeout, body=msgspec.Raw(body)
    )
    for wait in (*WAITS, None):
        told = await _call(asked)
        match keyring.blame(told.status):
            case keyring.Blame.CONFIG:
                words = f"the endpoint does not take model {args.model}"
                raise CannotScore(f"{words} ({told.status}): see --model, --endpoint")
            case keyring.Blame.KEY if told.status != keyring.TOO_MANY:
                raise CannotScore(f"the endpoint refused the key ({told.status})")
            case _ if told.problem is None or wait is None:
                return told
            case _:
                wanted = keyring.seconds(told.retry_after)
                longest = wait if wanted is None else max(wait, wanted)
                await trio.sleep(min(longest, MOST_WAIT_SECS))
    raise AssertionError("unreachable")


async def _call(asked: Asked) -> Answered:
    command = (sys.executable, "-I", "-m", "selfhealingd.diagnose.helper")
    with trio.move_on_after(asked.seconds + GRACE_SECS):
        ran = await trio.run_process(
            command, stdin=msgspec.json.encode(asked), capture_stdout=True
        )
        return msgspec.json.decode(ran.stdout, type=Answered)
    return Answered(problem=f"timed out after {asked.seconds:g} s")


def _given(one: Labelled, lines: Bundle, told: Answered, seconds: float) -> Given:
    """Read an answer as the daemon does."""
    report, problem = None, told.problem
    if problem is None:
        try:
            report = answer.report(
                answer.tool_input(told.stop, bytes(told.content)),
                lines,
                RUNBOOKS,
                service=one.incident.service,
                incident=one.incident.id,
            )
        except answer.BadAnswer as error:
            problem = str(error)
    return Given(report=report, problem=problem, seconds=seconds, usage=told.usage)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    usual = Llm()
    parser = argparse.ArgumentParser(
        description="Score diagnoses of labelled incidents, by rules or a model.",
        epilog="A key is taken from ANTHROPIC_API_KEY, or from --key-file.",
    )
    add = parser.add_argument
    add("--live", action="store_true", help="ask a model as well; that costs money")
    add("--only", default="", metavar="WORD", help="incidents with this in their name")
    add("--model", default=usual.model, help=f"default: {usual.model}")
    add("--endpoint", default=usual.endpoint, help=f"default: {usual.endpoint}")
    add("--key-file", type=Path, metavar="FILE", help="a key a line, private to you")
    add(
        "--timeout", type=float, default=usual.timeout, metavar="SECS", help="of a call"
    )
    add("--price-input", type=float, metavar="N", help="of a million tokens sent")
    add("--price-output", type=float, metavar="N", help="of a million in answers")
    add("--json", type=Path, metavar="FILE", help="write every single result there")
    args = parser.parse_args(argv)
    if (args.price_input is None) is not (args.price_output is None):
        parser.error("--price-input and --price-output go together")
    return args


if __name__ == "__main__":
    sys.exit(main())
