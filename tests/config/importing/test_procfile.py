"""A Procfile's lines become programs that run as foreman would run them."""

import tomllib
from pathlib import Path

import pytest

from selfhealingd.config import load_config
from selfhealingd.config.importing import CannotImport, import_file

PROCFILE = """\
# processes
web: bundle exec puma -C config/puma.rb
worker: RAILS_ENV=production bin/jobs
clock: while true; do bin/tick "${EVERY:-60}"; done
assets: bin/watch --poll

release: bin/migrate
"""


def test_a_procfile(tmp_path: Path) -> None:
    """A shell only where one is needed; ports as foreman's; release not run."""
    file = tmp_path / "Procfile"
    file.write_text(PROCFILE)
    made = import_file(file, environ={}, host="box")
    programs = tomllib.loads(made.text)["program"]
    assert {name: one["command"] for name, one in programs.items()} == {
        "web": "bundle exec puma -C config/puma.rb",
        "worker": ["/bin/sh", "-c", "RAILS_ENV=production bin/jobs"],
        "clock": [
            *("/bin/sh", "-c"),
            'while true; do bin/tick "$${EVERY:-60}"; done',
        ],
        "assets": ["/usr/bin/env", "bin/watch", "--poll"],
    }
    assert [one["environment"]["PORT"] for one in programs.values()] == [
        *("5000", "5100", "5200", "5300")
    ]
    assert (made.programs, made.disabled) == (4, 1)
    config = tmp_path / "selfhealingd.toml"
    config.write_text(made.text)
    loaded = load_config(config, environ={}, uid=0)
    assert loaded.launches["web"].directory == tmp_path


def test_by_content(tmp_path: Path) -> None:
    """A file of another name is a Procfile if every line of it looks like one."""
    file = tmp_path / "processes.txt"
    file.write_text("web: a\nworker: b\n")
    made = import_file(file, environ={}, host="box")
    assert set(tomllib.loads(made.text)["program"]) == {"web", "worker"}


def test_an_env_file_beside(tmp_path: Path) -> None:
    """We don't read what foreman does: that is said, and nothing of it is shown."""
    (tmp_path / ".env").write_text("SECRET=hunter2\n")
    (tmp_path / "Procfile").write_text("web: a\n")
    text = import_file(tmp_path / "Procfile", environ={}, host="box").text
    assert ".env: foreman reads it" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("web: a\nwhat\n", 'line 2: expected "name: command"'),
        ("# none\n", "no program"),
    ],
)
def test_a_bad_procfile(tmp_path: Path, text: str, reason: str) -> None:
    """The line that is wrong is named."""
    (tmp_path / "Procfile").write_text(text)
    with pytest.raises(CannotImport, match=reason):
        import_file(tmp_path / "Procfile", environ={}, host="box")
