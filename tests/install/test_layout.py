from pathlib import Path, PurePath

import pytest

from selfhealingd.install.layout import MACHINE, Kind, of_user, places

USER = of_user(1000, {"HOME": "/home/ann"})


@pytest.mark.parametrize(
    ("source", "machine", "user"),
    [
        (
            "etc/selfhealingd.toml",
            "/etc/selfhealingd/selfhealingd.toml",
            ".config/selfhealingd/selfhealingd.toml",
        ),
        (
            "etc/selfhealingd.schema.json",
            "/etc/selfhealingd/selfhealingd.schema.json",
            ".config/selfhealingd/selfhealingd.schema.json",
        ),
        (
            "etc/flags.env",
            "/etc/selfhealingd/flags.env",
            ".config/selfhealingd/flags.env",
        ),
        (
            "systemd/selfhealingd.service",
            "/usr/local/lib/systemd/system/selfhealingd.service",
            None,
        ),
        (
            "systemd/user/selfhealingd.service",
            None,
            ".local/share/systemd/user/selfhealingd.service",
        ),
        (
            "systemd/sysusers.d/selfhealingd.conf",
            "/usr/local/lib/sysusers.d/selfhealingd.conf",
            None,
        ),
        (
            "systemd/tmpfiles.d/selfhealingd.conf",
            "/usr/local/lib/tmpfiles.d/selfhealingd.conf",
            None,
        ),
        (
            "docs/man/selfhealingd.8",
            "/usr/local/share/man/man8/selfhealingd.8",
            ".local/share/man/man8/selfhealingd.8",
        ),
        (
            "etc/completions/_selfhealctl",
            "/usr/local/share/zsh/site-functions/_selfhealctl",
            ".local/share/zsh/site-functions/_selfhealctl",
        ),
        (
            "systemd/examples/hardening.conf",
            "/usr/local/share/doc/selfhealingd/examples/hardening.conf",
            None,
        ),
        ("etc/demo.toml", None, None),
        ("etc/container/selfhealingd.toml", None, None),
        ("docs/config.md", None, None),
    ],
)
def test_each_file_has_its_place(
    source: str, machine: str | None, user: str | None
) -> None:
    """For the machine and for a user; what has none isn't put anywhere."""
    of_machine = [str(p.target) for p in places([PurePath(source)], MACHINE)]
    own = [str(p.target) for p in places([PurePath(source)], USER)]
    assert of_machine == ([machine] if machine else [])
    assert own == ([f"/home/ann/{user}"] if user else [])


def test_only_a_config_is_the_operators() -> None:
    """A unit, even though it lies in a folder of settings, is ours."""
    names = ["etc/flags.env", "systemd/a.service", "docs/man/a.1"]
    kinds = [p.kind for p in places(map(PurePath, names), MACHINE)]
    assert [Kind.CONFIG, Kind.UNIT, Kind.PAGE] == kinds


def test_xdg_folders_are_obeyed() -> None:
    """As everywhere; a relative one is ignored."""
    environ = {"XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "d", "HOME": "/home/ann"}
    folders = of_user(1000, environ)
    assert Path("/c/selfhealingd") == folders.config
    assert Path("/c/systemd/user") == folders.overrides
    assert Path("/home/ann/.local/share/systemd/user") == folders.units
