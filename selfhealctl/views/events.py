"""One event as one line of words."""

from selfhealctl.ink import Piece, Style
from selfhealctl.views.screen import Screen, sentence
from selfhealctl.views.text import moment
from selfhealingd.wire.documents import EventDocument


def show_event(console: Screen, event: EventDocument) -> None:
    """Print time, component, service and words."""
    service = f"{event.service}: " if event.service else ""
    console.show(
        Piece(moment(event.at), Style.DIM),
        f"  {event.component}  ",
        Piece(service, Style.BOLD),
        sentence(event.words, event.level),
    )
