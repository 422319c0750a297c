"""From files of TOML to one checked ``Config``, or to every mistake in them at once.

``paths`` knows the default folders, ``files`` reads, ``schema`` says which keys there
are, ``table`` and ``values`` turn written values into typed ones, ``check`` and
``programs`` see to what one key alone cannot know, ``diff`` compares two configs.
"""

from selfhealingd.config.check import load_config
from selfhealingd.config.diff import Changes, compare
from selfhealingd.config.mistakes import ConfigError, Mistake
from selfhealingd.config.paths import Places, defaults
from selfhealingd.config.settings import Config, Control, Daemon, Task
from selfhealingd.wire.places import find_config

__all__ = [
    "Changes",
    "Config",
    "ConfigError",
    "Control",
    "Daemon",
    "Mistake",
    "Places",
    "Task",
    "compare",
    "defaults",
    "find_config",
    "load_config",
]
