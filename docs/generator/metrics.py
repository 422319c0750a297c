"""What /metrics has."""

from collections.abc import Iterator

from selfhealingd.web.catalogue import CATALOGUE


def metrics() -> Iterator[str]:
    """Give a table of metrics."""
    yield "| Metric | Type | Labels | Meaning |"
    yield "| --- | --- | --- | --- |"
    for row in CATALOGUE:
        kind = "counter" if row.counts else "gauge"
        labels = ", ".join(f"`{label}`" for label in row.labels)
        yield f"| `{row.name}` | {kind} | {labels} | {row.help} |"
