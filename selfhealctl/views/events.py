"""One event as one line of words."""

from rich.console import Console
from rich.text import Text

from selfhealctl.views.screen import BAD, BUSY, QUIET, line
from selfhealctl.views.text import clean, moment
from selfhealingd.wire.documents import EventDocument

_STYLES = {"debug": QUIET, "warning": BUSY, "error": BAD, "critical": BAD}


def show_event(console: Console, event: EventDocument) -> None:
    """Print time, component, service and words."""
    service = f"{clean(event.service)}: " if event.service else ""
    line(
        console,
        Text(moment(event.at), QUIET),
        f"  {event.component}  ",
        Text(service, "bold"),
        Text(clean(event.words), _STYLES.get(event.level, "")),
    )
