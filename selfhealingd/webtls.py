"""What TLS is spoken with: a certificate and its key, or in words why not."""

import ssl
from pathlib import Path


class Unusable(Exception):
    """No TLS can be spoken with these files; the text says why."""


def tls_context(certfile: Path, keyfile: Path) -> ssl.SSLContext:
    """What TLS is spoken with; raises Unusable. Blocks."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    try:
        for file in (certfile, keyfile):  # OpenSSL would not tell which
            file.open("rb").close()
        # Without a password: nobody is there to be asked for one.
        context.load_cert_chain(certfile, keyfile, password="")
    except ssl.SSLError as error:
        words = f"{certfile} and {keyfile} can't be used: {error.reason or error}"
        if error.reason == "KEY_VALUES_MISMATCH":
            words = f"{keyfile} is not the key of {certfile}"
        raise Unusable(words) from error
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise Unusable(f"{error.filename}: {words}") from error
    except ValueError as error:
        raise Unusable(f"{certfile} and {keyfile} can't be used: {error}") from error
    return context
