"""The token of the web: where it comes from, and who may read it besides us: nobody."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from selfhealingd.core.web import Token, Web, digest
from selfhealingd.diagnose.keys import read_private

CREDENTIAL = "web-token"
CREDENTIALS = "CREDENTIALS_DIRECTORY"
SHORTEST = 32
"""Characters of a token: 128 bits in hexadecimal digits, which nobody guesses."""

NONE = "[web] token_file is not set"


def find_token(environ: Mapping[str, str], file: Path | None, uid: int) -> Token:
    """Read the token from its file, or else from systemd's credential; blocks."""
    folder = environ.get(CREDENTIALS)
    credential = None if folder is None else Path(folder, CREDENTIAL)
    source = file or credential
    if source is None or (file is None and not source.exists()):
        return Token(problem=NONE)
    try:
        # systemd sees to it that nobody else can read a credential.
        text = source.read_text() if file is None else read_private(source, uid)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Token(problem=f"{source}: {reason[0].lower()}{reason[1:]}")
    token = text.strip()
    if len(token) < SHORTEST or not token.isascii() or not token.isprintable():
        words = f"a token is one line of at least {SHORTEST} characters"
        return Token(problem=f"{source}: {words}")
    return Token(digest=digest(token))


def how_to_make(web: Web) -> str:
    """Return what to type for a token; blocks."""
    if web.token_file is None:
        return "set [web] token_file, then: selfhealctl reload"
    if web.token_file.is_dir():
        return "name a file as [web] token_file, not a folder; then: selfhealctl reload"
    file = shlex.quote(str(web.token_file))
    # A file that is there keeps its mode, whatever the umask.
    make = f"rm -f {file}; (umask 077; openssl rand -hex 32 >{file})"
    return f"make one: {make}; then: selfhealctl reload"
