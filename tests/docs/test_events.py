"""The page of events: each kind there is, as it looks."""

import re
import typing
from pathlib import Path

from generator import events

from selfhealingd.core.effects import Announcement
from selfhealingd.core.kinds import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text()


def test_each_kind_is_shown() -> None:
    """With one that the code made; give STORY there a new kind."""
    assert {*typing.get_args(Announcement)} == {type(one) for one in events.STORY}
    assert list(KINDS) == re.findall(r"^## (\S+)$", PAGE, re.MULTILINE)
    assert len(KINDS) == PAGE.count('"kind": ')
