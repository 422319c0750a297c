"""What the benchmark asks of a supervisor, whichever it is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from benchmarks.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Setting:
    """The programs of one trial, and a folder for the supervisor's files.

    Each program is the same executable with one argument. Where ``logged``, what they
    write goes into files in ``logs``, without rotation as far as that can be had.
    """

    folder: Path
    program: Path
    arguments: Mapping[str, str]
    logged: bool

    @property
    def logs(self) -> Path:
        """The folder of logs, which the setting's maker has made."""
        return self.folder / "logs"


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a supervisor, and the command that shows how its programs are."""

    command: tuple[str, ...]
    status: tuple[str, ...]
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pace:
    """How programs are killed, one by one, so that each crash is seen by itself.

    From ``least`` to ``most`` seconds pass, at random, between a program's return and
    the next crash. With ``overlap`` they pass between two crashes: only for who can't
    be hastened by a second crash, and would take long if met in every phase otherwise.
    """

    least: float = 0.05
    most: float = 0.3
    overlap: bool = False


class Peer(ABC):
    """A supervisor that is installed and can be started."""

    name: ClassVar[str]
    keeps_output: ClassVar[bool] = True
    pace: ClassVar[Pace] = Pace()
    version: str

    @classmethod
    @abstractmethod
    def install(cls, shelf: Shelf) -> Self:
        """Return the peer, ready to run; raises CannotInstall."""

    @abstractmethod
    def prepare(self, setting: Setting) -> Launch:
        """Write the supervisor's configuration for these programs."""


def shebang(setting: Setting, argument: str, path: Path) -> None:
    """Write a run file that is the program itself, without a shell before it."""
    path.parent.mkdir(parents=True)
    path.write_text(f"#!{setting.program} {argument}\n")
    path.chmod(0o755)
