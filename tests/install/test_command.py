from pathlib import Path

import pytest
from msgspec.structs import replace

from selfhealingd.install.command import Asked, install, uninstall
from selfhealingd.install.errors import CannotInstall

UNIT = ".local/share/systemd/user/selfhealingd.service"
CTL = "systemctl --user"
RELOAD = f"{CTL} daemon-reload"
START = "ExecStart=/usr/bin/selfhealingd\n"
CONFIG = ".config/selfhealingd/selfhealingd.toml"


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """An ordinary user, who installs a small package."""
    for name, text in {
        "bin/selfhealingd": "",
        "bin/selfhealctl": "",
        "shipped/etc/selfhealingd.toml": "# example\n",
        "shipped/systemd/selfhealingd.service": START,
        "shipped/systemd/sysusers.d/selfhealingd.conf": "g selfheal\n",
        "shipped/systemd/user/selfhealingd.service": START,
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
    return Asked(
        user=True,
        dry_run=False,
        uid=1000,
        environ={"HOME": str(tmp_path / "home")},
        command=tmp_path / "bin" / "selfhealingd",
        shipped=tmp_path / "shipped",
    )


def test_a_user_needs_no_root(asked: Asked, tmp_path: Path) -> None:
    """Each file is named, and at last the command that starts it."""
    home, program = tmp_path / "home", tmp_path / "bin" / "selfhealingd"
    assert [
        f"new        {home / CONFIG}",
        f"new        {home / UNIT}",
        "",
        f"Write what to run into {home / CONFIG}. Then type:",
        f"  {program} --check && {RELOAD} && {CTL} enable --now selfhealingd.service",
        "It ends when you log out, unless you type: loginctl enable-linger",
    ] == list(install(asked))
    assert f"ExecStart={program}\n" == (home / UNIT).read_text()


def test_a_dry_run_writes_nothing(asked: Asked, tmp_path: Path) -> None:
    """It says the same of each file, and what to type to do it."""
    *lines, last = install(replace(asked, dry_run=True))
    assert f"new        {tmp_path / 'home' / UNIT}" in lines
    assert f"  {tmp_path / 'bin' / 'selfhealingd'} --install-systemd --user" == last
    assert not (tmp_path / "home").exists()


def test_an_update_keeps_the_config(asked: Asked, tmp_path: Path) -> None:
    """It says how yours differs; a unit is replaced, and the older one told of."""
    list(install(asked))
    config, unit = tmp_path / "home" / CONFIG, tmp_path / "home" / UNIT
    config.write_text("# mine\n")
    unit.write_text("# changed\n")
    source = tmp_path / "shipped" / "etc" / "selfhealingd.toml"
    assert [
        f"kept       {config}",
        f"{'':9}    yours differs: diff {config} {source}",
        f"replaced   {unit}",
        f"{'':9}    the one before is kept: diff {unit}.old {unit}",
        "",
        "Next, type (what runs goes on as the new version; programs run on):",
        f"  {RELOAD} && {tmp_path / 'bin' / 'selfhealctl'} upgrade",
        "It ends when you log out, unless you type: loginctl enable-linger",
    ] == list(install(asked))
    assert "# mine\n" == config.read_text()
    assert "# changed\n" == unit.with_name("selfhealingd.service.old").read_text()


def test_a_second_time_changes_nothing(asked: Asked) -> None:
    """So that it can be run to see how things are."""
    list(install(asked))
    lines = list(install(asked))
    assert ["unchanged", "unchanged"] == [line.split()[0] for line in lines[:2]]


def test_what_was_edited_is_kept_for_good(asked: Asked, tmp_path: Path) -> None:
    """The next update does not replace it by what this one had put there."""
    list(install(asked))
    unit = tmp_path / "home" / UNIT
    unit.write_text("# first\n")
    list(install(asked))
    unit.write_text("# second\n")
    lines = list(install(asked))
    assert f"{'':9}    the one before is kept: diff {unit}.old1 {unit}" in lines
    assert "# first\n" == unit.with_name(f"{unit.name}.old").read_text()
    assert "# second\n" == unit.with_name(f"{unit.name}.old1").read_text()


def test_an_uninstallation_leaves_what_is_the_operators(
    asked: Asked, tmp_path: Path
) -> None:
    """Config and replaced units stay, and are named; what was ours is gone."""
    list(install(asked))
    home = tmp_path / "home"
    (home / UNIT).write_text("# mine\n")
    list(install(asked))
    before = [path for path in home.rglob("*") if path.is_file()]
    assert "A dry run: nothing was removed." in [
        *uninstall(replace(asked, dry_run=True))
    ]
    assert before == [path for path in home.rglob("*") if path.is_file()]
    assert [
        f"removed    {home / UNIT}",
        f"kept       {home / UNIT}.old",
        f"kept       {(home / CONFIG).parent}, and state and logs",
        "",
        "Next, type:",
        f"  {CTL} stop selfhealingd.service; {RELOAD}",
    ] == list(uninstall(asked))
    assert {home / CONFIG, home / f"{UNIT}.old"} == {
        path for path in home.rglob("*") if path.is_file()
    }
    assert not any("removed" in line for line in uninstall(asked))


def test_what_is_still_enabled_is_not_uninstalled(asked: Asked, tmp_path: Path) -> None:
    """A link to a unit that isn't there would fail at each boot."""
    list(install(asked))
    home = tmp_path / "home"
    link = home / ".config/systemd/user/default.target.wants/selfhealingd.service"
    link.parent.mkdir(parents=True)
    link.symlink_to(home / UNIT)
    with pytest.raises(CannotInstall) as refused:
        list(uninstall(asked))
    assert str(refused.value).endswith(f"{CTL} disable --now selfhealingd.service")
    assert (home / UNIT).exists()


def test_a_unit_of_the_operators_own_is_told_of(asked: Asked, tmp_path: Path) -> None:
    """It hides ours, which would have no effect, silently."""
    own = tmp_path / "home/.config/systemd/user/selfhealingd.service"
    own.parent.mkdir(parents=True)
    own.symlink_to("/dev/null")
    assert f"{'':9}    has no effect as long as there is {own}" in list(install(asked))


def test_the_machine_takes_root(asked: Asked, tmp_path: Path) -> None:
    """It is refused before anything is written, with both ways to go on."""
    program = tmp_path / "bin" / "selfhealingd"
    with pytest.raises(CannotInstall) as refused:
        list(install(replace(asked, user=False)))
    assert f"sudo {program} --install-systemd;" in str(refused.value)
    assert str(refused.value).endswith(f"{program} --install-systemd --user")


def test_a_user_may_see_what_root_would_do(asked: Asked) -> None:
    """A dry run needs no rights; the group's file is part of it."""
    lines = list(install(replace(asked, user=False, dry_run=True)))
    assert any(
        line.endswith("/usr/local/lib/sysusers.d/selfhealingd.conf") for line in lines
    )


def test_root_is_no_ordinary_user(asked: Asked) -> None:
    """Root's daemon uses the machine's places, so a user unit would be half of each."""
    with pytest.raises(CannotInstall, match="--user is for ordinary users"):
        list(install(replace(asked, uid=0)))
