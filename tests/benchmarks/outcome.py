"""What was planned, and what was found of one peer."""

from dataclasses import dataclass, field

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: numbers of programs, crashes, and seconds."""

    programs: tuple[int, ...] = (200, 1000)
    crashes: int = 30
    idle_secs: float = 20.0
    output_secs: int = 3
    output_bytes: int = GIB


@dataclass(slots=True)
class Outcome:
    """A peer's figures by measure and number of programs, and what went wrong.

    ``samples`` has the single values of what is a median in ``figures``.
    """

    peer: str
    version: str
    figures: dict[str, dict[int, float]] = field(default_factory=dict)
    samples: dict[str, dict[int, list[float]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def put(self, measure: str, programs: int, value: float) -> None:
        """Keep one figure."""
        self.figures.setdefault(measure, {})[programs] = value

    def put_samples(self, measure: str, programs: int, values: list[float]) -> None:
        """Keep the single values that a figure was made of."""
        self.samples.setdefault(measure, {})[programs] = values

    def get(self, measure: str, programs: int) -> float | None:
        """Return a figure, or None where it was not taken."""
        return self.figures.get(measure, {}).get(programs)
