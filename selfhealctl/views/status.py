"""The whole truth on one screen, worst first.

Is it well, what isn't, what comes next, what to do.
"""

import sys
from collections.abc import Sequence

from selfhealctl.capture import rows, size
from selfhealctl.views import blocks
from selfhealctl.views.fitting import fitting, whole
from selfhealctl.views.screen import screen
from selfhealctl.views.services import service_table, show_wide
from selfhealingd.wire.documents import ProgramDocument, Status


def show_status(
    status: Status, *, wide: bool = False, everything: bool = False, last: str = ""
) -> None:
    """Print headline, issues, services, breakers and the engine's state.

    ``wide``: every column. ``everything``: also what does not fit on a screen.
    ``last``: a line to end with.
    """
    console = screen(wide=wide)
    if wide:
        console.write(blocks.above(status, console.width))
        if services := [one for _, one in blocks.ranked(status)]:
            console.show()
            show_wide(console, services)
        console.write(blocks.below(status, console.width))
    elif everything or not sys.stdout.isatty():
        console.write(whole(status, console.width))
    else:
        columns, lines = size()
        room = lines - 1 - rows(last, columns)  # the prompt has a line, too
        console.write(fitting(status, columns, room))
    if last:
        console.show(last)


def show_programs(programs: Sequence[ProgramDocument], *, wide: bool = False) -> None:
    """Print the programs alone."""
    console = screen(wide=wide)
    if wide:
        show_wide(console, programs)
    else:
        console.write(service_table(console.width, programs))
