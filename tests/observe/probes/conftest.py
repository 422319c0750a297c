"""A certificate, made anew for each session."""

import ssl
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a certificate of web.test, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        " -days 2 -subj /CN=web.test -addext subjectAltName=DNS:web.test"
        " -keyout key.pem -out certificate.pem"
    )
    subprocess.run(  # noqa: TID251 - before there is a loop
        command.split(), cwd=folder, check=True, capture_output=True
    )
    whole = folder / "whole.pem"
    parts = [folder / "key.pem", folder / "certificate.pem"]
    whole.write_text("".join(part.read_text() for part in parts))
    return whole


@pytest.fixture
def spoken(certificate: Path) -> ssl.SSLContext:
    """Return the server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
