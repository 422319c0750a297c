"""Which words are too random to be anything but a secret."""

import pytest

from selfhealingd.core.randomness import looks_random


@pytest.mark.parametrize(
    "word",
    [
        "9fceb02d0ae598e95dc970b74767f19372d61af8",
        "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLE1",
        "id=4bf92f3577b34da6a3ce929d0e0e4736",
        "/files/4bf92f3577b34da6a3ce929d0e0e4736",
        "bXkgc2VjcmV0IGlzIDEyMzQ1Njc4OTA=",
    ],
)
def test_random_words_are_found(word: str) -> None:
    """In hex and base64, also as a value or in a path."""
    assert looks_random(word)


@pytest.mark.parametrize(
    "word",
    [
        "InternalConfigurationManagerImpl",
        "/usr/lib/python3/dist-packages/flask",
        "prompt_tokens=1523",
        "completion_tokens=412",
        "20261126180000123456",
        "aaaaaaaaaaaaaaaaaaaaaaaa1",
        "two words",
    ],
)
def test_names_numbers_and_paths_are_not_random(word: str) -> None:
    """However long they are."""
    assert not looks_random(word)
