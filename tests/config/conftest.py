"""Configs are tested as an operator makes them: text in a file."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from selfhealingd.config import Config, ConfigError, load_config

ENVIRON = {"HOME": "/home/ann"}
Load = Callable[..., Config]
Wrong = Callable[..., list[str]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write a main file (and others, by name) into ``tmp_path`` and load it."""

    def load(
        text: str,
        *,
        uid: int = 0,
        environ: Mapping[str, str] = ENVIRON,
        **others: str,
    ) -> Config:
        main = tmp_path / "main.toml"
        main.write_text(text)
        for name, content in others.items():
            file = tmp_path / "conf.d" / f"{name}.toml"
            file.parent.mkdir(exist_ok=True)
            file.write_text(content)
        return load_config(main, environ=environ, uid=uid)

    return load


@pytest.fixture
def wrong(load: Load, tmp_path: Path) -> Wrong:
    """Load what must be refused; return the mistakes, files named from ``tmp_path``."""

    def wrong(text: str, **settings: object) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            load(text, **settings)
        lines = [str(mistake) for mistake in raised.value.mistakes]
        assert not any("\n" in line for line in lines)
        return [line.replace(f"{tmp_path}/", "") for line in lines]

    return wrong
