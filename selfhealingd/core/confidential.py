"""What of a config is a secret: by its name, or as it lets somebody in."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from urllib.parse import unquote, urlsplit

from selfhealingd.core.randomness import looks_random
from selfhealingd.core.shapes import ENVIRONMENT, NAMES, PLACES, all_shapes

_SHORTEST_TOKEN = 8
_LONGEST_NAME = 16
"""Characters of a user's name in a URL: what is longer is a token."""

_HOST = r"(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+"


def of_environment(variables: Mapping[str, str]) -> Iterator[str]:
    """Find the values that are secrets, by their names or because they are random."""
    for name, value in variables.items():
        named = re.search(ENVIRONMENT, name, re.IGNORECASE)
        place = value.startswith("/") and re.fullmatch(PLACES, name, re.IGNORECASE)
        if (named and not place) or looks_random(value):
            yield value
        yield from of_url(value)


def of_command(argv: Sequence[str]) -> Iterator[str]:
    """Find the values of a command's flags that are secrets."""
    for flag, following in zip_longest(argv, argv[1:], fillvalue=""):
        name, has_value, value = flag.partition("=")
        if re.search(NAMES, name, re.IGNORECASE):
            if has_value:
                yield value
            elif flag.startswith("-") and not following.startswith("-"):
                yield following
        yield from of_url(flag)
    yield from all_shapes().hidden(shlex.join(argv))
    for script in argv:
        if " " in script:
            yield from all_shapes().hidden(script)


def of_url(text: str) -> Iterator[str]:
    """Find the password in a URL, or a token in its place, as written and as meant."""
    try:
        found = urlsplit(text) if "://" in text else None
    except ValueError:
        return
    if found is None:
        return
    secret = found.password or found.username or ""
    if found.password or len(secret) >= _LONGEST_NAME:
        yield from dict.fromkeys((secret, unquote(secret)))


def of_address(url: str) -> Iterator[str]:
    """Find what of a notification's URL lets whoever has it write there, too.

    Where in it that stands is for each service to say: it may be the host or the path.
    So it is all that could be one, but for names of hosts and of people.
    """
    yield url
    yield from of_url(url)
    for part in re.split(r"[/:@?&=,;#]+", url.partition("://")[2]):
        told = unquote(part)
        if len(part) >= _SHORTEST_TOKEN and not re.fullmatch(_HOST, part):
            yield from (part, told) if told != part else (part,)


def of_headers(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Find what headers of requests prove somebody's identity with."""
    for name, value in headers:
        if re.search(ENVIRONMENT, name, re.IGNORECASE):
            yield value
            yield from value.split()[1:]  # without "Bearer"
