from pathlib import Path

import pytest

from selfhealingd.install.content import binaries, items, shipped
from selfhealingd.install.errors import CannotInstall
from selfhealingd.install.layout import MACHINE

UNIT = """\
[Service]
ExecStart=/usr/bin/selfhealingd
ExecStopPost=-/usr/bin/selfhealctl status
ExecStartPre=/usr/bin/selfhealingd-other
# /usr/bin/env
"""


def commands(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names or ("selfhealingd", "selfhealctl"):
        (folder / name).touch(0o755)
    return folder


def test_units_start_this_very_daemon(tmp_path: Path) -> None:
    """Both commands, wherever they stand in a unit; nothing else is touched."""
    (tmp_path / "systemd").mkdir()
    (tmp_path / "systemd" / "selfhealingd.service").write_text(UNIT)
    [item] = items(tmp_path, MACHINE, Path("/opt/x/bin"))
    assert item.data.decode() == (
        UNIT.replace("/usr/bin/selfhealingd\n", "/opt/x/bin/selfhealingd\n").replace(
            "/usr/bin/selfhealctl", "/opt/x/bin/selfhealctl"
        )
    )


def test_what_is_no_unit_is_left_as_it_is(tmp_path: Path) -> None:
    """A config may name /usr/bin/selfhealingd and mean it."""
    for folder, name in (("systemd", "a.service"), ("etc", "selfhealingd.toml")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(UNIT)
    config, _ = items(tmp_path, MACHINE, Path("/opt/x/bin"))
    assert UNIT == config.data.decode()


def test_a_package_without_units_is_refused(tmp_path: Path) -> None:
    """Rather than to install the half of it."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "flags.env").touch()
    with pytest.raises(CannotInstall, match=f"no unit file in {tmp_path}"):
        list(items(tmp_path, MACHINE, Path("/bin")))


def test_the_commands_are_those_that_were_called(tmp_path: Path) -> None:
    """A link is named as it was typed: it may soon lead to a newer version."""
    real = commands(tmp_path / "real")
    link = tmp_path / "link"
    link.symlink_to(real)
    assert link == binaries(link / "selfhealingd", Path("/nonexistent/python"))


def test_a_module_has_its_commands_beside_the_interpreter(tmp_path: Path) -> None:
    """As for ``python -m selfhealingd``."""
    real = commands(tmp_path / "venv")
    module = tmp_path / "selfhealingd" / "__main__.py"
    assert real == binaries(module, real / "python")


def test_a_unit_must_find_both_commands(tmp_path: Path) -> None:
    """One alone isn't an installation."""
    half = commands(tmp_path / "half", "selfhealingd")
    with pytest.raises(CannotInstall, match="no selfhealingd beside"):
        binaries(half / "selfhealingd", half / "python")


@pytest.mark.parametrize("name", ["my venv", "50%", "a$b"])
def test_a_path_that_units_cannot_name_is_refused(tmp_path: Path, name: str) -> None:
    """A unit would take it for something else."""
    folder = commands(tmp_path / name)
    with pytest.raises(CannotInstall, match="install the package elsewhere"):
        binaries(folder / "selfhealingd", folder / "python")


def test_the_package_has_what_it_shipped() -> None:
    """Here, in a wheel, or in a checkout."""
    assert (shipped() / "etc" / "selfhealingd.toml").is_file()
    assert (shipped() / "docs" / "man" / "selfhealctl.1").is_file()
