"""One event as one line of words."""

from selfhealctl.ink import Piece, Style
from selfhealctl.views.screen import Screen
from selfhealctl.views.text import moment
from selfhealingd.wire.documents import EventDocument

_STYLES = {
    "debug": Style.DIM,
    "warning": Style.BUSY,
    "error": Style.BAD,
    "critical": Style.BAD,
}


def show_event(console: Screen, event: EventDocument) -> None:
    """Print time, component, service and words."""
    service = f"{event.service}: " if event.service else ""
    console.show(
        Piece(moment(event.at), Style.DIM),
        f"  {event.component}  ",
        Piece(service, Style.BOLD),
        Piece(event.words, _STYLES.get(event.level, Style.PLAIN)),
    )
