import errno
import os
from pathlib import Path

import pytest

from selfhealingd.store.errors import cannot


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "cannot write /x: no space is left on its file system"),
        (errno.EROFS, "cannot write /x: its file system is read-only"),
        (errno.EACCES, f"cannot write /x: uid {os.geteuid()} has no permission"),
        (errno.ENOTDIR, "cannot write /x: not a directory"),
    ],
)
def test_an_error_names_the_file_and_says_why(number: int, words: str) -> None:
    """Frequent reasons have words of their own, others the system's."""
    error = cannot("write", Path("/x"), OSError(number, os.strerror(number)))

    assert str(error).startswith(words)
