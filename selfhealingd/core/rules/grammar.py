"""Rules in words: ``memory > 500MiB for 3 of 5 samples``.

    clause    = measure sign threshold [window]
    measure   = name [path]                      see ``measures``
    sign      = ">" | ">=" | "<" | "<="
    threshold = number [unit] ["of limit" | "per core"]
    window    = "for" N "samples" | "for" N "of" M "samples" | "for" duration
              | "in" duration                    for what is counted, and only there

Whatever is wrong is told with its column.
"""

from collections.abc import Sequence
from decimal import Decimal
from difflib import get_close_matches

from selfhealingd.core.rules.measures import KINDS, Kind, Of, Scope
from selfhealingd.core.rules.rule import (
    Clause,
    Counted,
    Lasting,
    Measure,
    Op,
    Rule,
    Samples,
    Threshold,
    Window,
)
from selfhealingd.core.rules.tokens import Kind as Is
from selfhealingd.core.rules.tokens import RuleError, Token, tokens
from selfhealingd.core.rules.units import FACTORS, LARGEST
from selfhealingd.core.sample import Unit

MOST_SAMPLES = 1000
LONGEST_SECS = 30 * 86400.0

_CONNECTIVES = {"for", "in", "of", "per", "and", "or"}
_OTHER_SCOPE = {
    Scope.SERVICE: "it is measured of the host: write the rule in [host]",
    Scope.HOST: "it is measured of a service: write the rule in a program's table",
}


def parse(text: str, scope: Scope) -> Clause:
    """Return what a rule's ``when`` or ``clear`` says; raises RuleError."""
    return _Parser(tokens(text), scope).clause()


def check_clear(when: Clause, clear: Clause) -> None:
    """Raise RuleError where ``clear``, at its column 1, can't be the way back."""
    if isinstance(when.window, Counted):
        raise RuleError(
            1,
            "what is counted in a span clears by itself, as time passes",
            "leave clear out",
        )
    if clear.measure != when.measure:
        raise RuleError(1, f'it has to be about "{when.measure}", as when is')
    there, back = when.threshold, clear.threshold
    if (there.unit, there.of) != (back.unit, back.of):
        raise RuleError(1, f"its threshold has to be of the kind of {there}")
    if when.op.upward is clear.op.upward:
        raise RuleError(1, f'it has to look the other way than "{when.op.value}" does')
    reached = back.value > there.value if when.op.upward else back.value < there.value
    both = back.value == there.value and "=" in when.op.value and "=" in clear.op.value
    if reached or both:
        raise RuleError(1, f'it holds for values at which "{when}" does, too')


class _Parser:
    """Reads one clause from left to right, and never back."""

    def __init__(self, found: Sequence[Token], scope: Scope) -> None:
        self._tokens = found
        self._scope = scope
        self._at = 0

    def clause(self) -> Clause:
        measure, kind = self._measure()
        op = self._op(measure)
        threshold = self._threshold(measure, kind)
        window = self._window(kind)
        self._finish()
        return Clause(measure, op, threshold, window)

    # What is next

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += token.kind is not Is.END
        return token

    def _word(self, *words: str) -> str | None:
        """Take the next token if it is one of these words."""
        token = self._next
        if token.kind is Is.WORD and token.text.lower() in words:
            return self._take().text.lower()
        return None

    # The parts of a clause

    def _measure(self) -> tuple[Measure, Kind]:
        first = self._next
        known = KINDS[self._scope]
        words = []
        while self._next.kind is Is.WORD:
            words.append(self._take().text.lower())
        name = " ".join(words)
        if name not in known:
            raise self._no_measure(first, name)
        kind = known[name]
        if not kind.place:
            return Measure(name), kind
        path = self._next
        place = path.text.strip('"')
        if path.kind is not Is.PATH or not place.startswith("/"):
            raise RuleError(
                path.column,
                f"expected the path of a disk, got {path.shown}",
                f"such as {name} /var > {kind.example}",
            )
        self._take()
        return Measure(name, place), kind

    def _no_measure(self, first: Token, name: str) -> RuleError:
        known = KINDS[self._scope]
        if not name:
            return RuleError(
                first.column,
                f"expected what is measured, got {first.shown}",
                f"one of {', '.join(known)}",
            )
        other = next(scope for scope in Scope if scope is not self._scope)
        if name in KINDS[other]:
            hint = _OTHER_SCOPE[self._scope]
        else:
            hint = _close(name, known) or f"one of {', '.join(known)}"
        return RuleError(first.column, f'"{name}" is not measured', hint)

    def _op(self, measure: Measure) -> Op:
        token = self._take()
        if token.kind is Is.SIGN and token.text in {op.value for op in Op}:
            return Op(token.text)
        hint = ""
        if token.kind is Is.SIGN:
            hint = "a measured value is hardly ever exactly the same"
        elif token.kind is Is.PATH:
            hint = f"{measure} has no path"
        problem = f"expected one of > >= < <=, got {token.shown}"
        raise RuleError(token.column, problem, hint)

    def _threshold(self, measure: Measure, kind: Kind) -> Threshold:
        number = self._number(f"expected a value such as {kind.example}")
        value, unit = self._unit(number, measure, kind)
        if self._word("per"):
            self._core(measure, kind)
            return Threshold(value, unit, Of.CORE)
        if kind.limit and unit is Unit.PERCENT:
            if self._word("of"):
                self._expect("limit")
                return Threshold(value, unit, Of.LIMIT)
            if unit not in kind.units:
                raise RuleError(
                    self._next.column,
                    f"{number.text}% of what?",
                    f"write {number.text}% of limit",
                )
        return Threshold(value, unit)

    def _number(self, wanted: str) -> Token:
        token = self._take()
        if token.kind is Is.NUMBER:
            return token
        raise RuleError(token.column, f"{wanted}, got {token.shown}")

    def _unit(self, number: Token, measure: Measure, kind: Kind) -> tuple[float, Unit]:
        units = (*kind.units, Unit.PERCENT) if kind.limit else kind.units
        token = self._next
        written = ""
        if token.kind is Is.WORD and token.text.lower() not in _CONNECTIVES:
            written = self._take().text
        for unit in units:
            factor = _factor(unit, written)
            if factor is not None:
                return _value(number, factor, whole=unit is Unit.COUNT), unit
        example = f"{kind.example} or 80% of limit" if kind.limit else kind.example
        hint = f"{measure} is compared with a value such as {example}"
        if not written:
            raise RuleError(token.column, f"{number.text} of what?", hint)
        names = [name for unit in units for name in FACTORS[unit] if name]
        close = _close(written, names)
        anywhere = any(_factor(unit, written) is not None for unit in Unit)
        raise RuleError(
            token.column,
            f'{measure} is not in "{written}"' if anywhere else f'no unit "{written}"',
            close if close and not anywhere else hint,
        )

    def _core(self, measure: Measure, kind: Kind) -> None:
        if not kind.per_core:
            column = self._tokens[self._at - 1].column
            raise RuleError(column, f"{measure} is not measured per anything")
        self._expect("core")

    def _expect(self, *words: str) -> None:
        token = self._next
        if not self._word(*words):
            raise RuleError(token.column, f'expected "{words[0]}", got {token.shown}')

    def _window(self, kind: Kind) -> Window:
        token = self._next
        if kind.metric is None:
            if not self._word("in"):
                raise RuleError(
                    token.column,
                    f"expected a span to count in, got {token.shown}",
                    'end with a span such as "in 10min"',
                )
            number = self._number("expected a duration such as 10min")
            return Counted(self._duration(number))
        if self._word("for"):
            return self._for()
        if self._word("in"):
            raise RuleError(
                token.column,
                "only what is counted has a span",
                'write "for" and how long it has to be so',
            )
        return Samples()

    def _for(self) -> Window:
        number = self._number('expected "3 samples", "3 of 5 samples" or "60s"')
        if self._word("samples", "sample"):
            count = _count(number)
            return Samples(count, count)
        if self._word("of"):
            count = _count(number)
            most = self._number("expected of how many samples")
            of = _count(most)
            self._expect("samples", "sample")
            if of < count:
                raise RuleError(most.column, f"{count} of {of} can never be")
            return Samples(count, of)
        return Lasting(self._duration(number))

    def _duration(self, number: Token) -> float:
        token = self._next
        written = self._take().text if token.kind is Is.WORD else ""
        factor = _factor(Unit.SECONDS, written)
        if factor is None:
            problem = f'no duration in "{written}"' if written else "how long?"
            hint = _close(written, [*FACTORS[Unit.SECONDS], "samples"])
            hint = hint or "write a unit: ms, s, min, h or d"
            raise RuleError(token.column, problem, hint)
        secs = round(_value(number, factor, whole=False), 3)
        if not 0 < secs <= LONGEST_SECS:
            raise RuleError(number.column, "expected from 1ms to 30d")
        return secs

    def _finish(self) -> None:
        token = self._next
        if token.kind is Is.END:
            return
        hint = ""
        if token.text.lower() in {"and", "or"}:
            hint = "one comparison a rule: write several rules"
        problem = f"expected the end, got {token.shown}"
        raise RuleError(token.column, problem, hint)


def _factor(unit: Unit, written: str) -> Decimal | None:
    for name, factor in FACTORS[unit].items():
        if name.lower() == written.lower():
            return factor
    return None


def _value(number: Token, factor: Decimal, *, whole: bool) -> float:
    value = Decimal(number.text) * factor
    if value > LARGEST:
        raise RuleError(number.column, "too large a number")
    if whole and value != value.to_integral_value():
        raise RuleError(number.column, "expected a whole number")
    return float(value)


def _count(number: Token) -> int:
    if "." not in number.text and 1 <= int(number.text[:9]) <= MOST_SAMPLES:
        return int(number.text)
    raise RuleError(number.column, f"expected from 1 to {MOST_SAMPLES} samples")


def _close(word: str, known: Sequence[str] | dict[str, Kind]) -> str:
    folded = {name.lower(): name for name in known}
    found = get_close_matches(word.lower()[:60], folded, n=1, cutoff=0.6)
    return f'did you mean "{folded[found[0]]}"?' if found else ""


def rule(when: str, clear: str | None, scope: Scope) -> Rule:
    """Return a whole rule, for those who know its words to be right."""
    back = None if clear is None else parse(clear, scope)
    return Rule(scope=scope, when=parse(when, scope), clear=back)
