"""What is secret is in nothing that the daemon writes, shows or sends.

Programs' own logs are theirs: whatever they write there stays as they wrote it.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from harness import House, sh, soon, well
from scripted_model import Endpoint, endpoint, message

pytestmark = pytest.mark.process

KEY, SECOND_KEY = "sk-ant-planted-0123456789", "sk-ant-planted-in-a-file"
PASSWORD = 'Hunter/2+Pl"anted&Sec\\ret'  # noqa: S105 - it is planted to be looked for
IN_FILE = "correct horse battery"
OF_LINES = "the first line of a long one\nand the second line of the same"
OWN = "the daemon's own, planted"
FLAG = "planted-as-a-flag"
CONFIGURED = (KEY, SECOND_KEY, PASSWORD, IN_FILE, *OF_LINES.split("\n"), OWN, FLAG)

SHAPED = (
    "ghp_planted0planted0planted0planted0",
    "AKIAPLANTED123456789",
    "planted.by-nobody",
    "planted, and quoted",
    "planted0bearer",
    "plantedinurl",
    "plantedPrivateKeyOfLines",
)
"""Secrets that nobody configured: what is around them tells."""

LINES = f"""
token={SHAPED[2]}
{{"api_key": "{SHAPED[3]}", "user": "web"}}
Authorization: Bearer {SHAPED[4]}
cannot reach postgres://web:{SHAPED[5]}@db.internal/shop
found {SHAPED[0]} and {SHAPED[1]}
-----BEGIN PRIVATE KEY-----
{SHAPED[6]}
-----END PRIVATE KEY-----
{OF_LINES}
for --password {FLAG}
error: cannot start
"""


def encoded(secret: str) -> Iterator[str]:
    """How a configured secret may be written: what the redactor claims to know."""
    raw = secret.encode()
    yield from (secret, json.dumps(secret)[1:-1], quote(secret), quote(secret, safe=""))
    yield from (raw.hex(), raw.hex().upper())
    for before in (b"", b"m", b"me"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # At the ends a character is of its neighbours' bits as well.
            yield encode(before + raw).decode().rstrip("=")[4:-1]


def said(secrets: Iterable[str]) -> str:
    """Return lines that have each in each way."""
    ways = []
    for secret in secrets:
        raw = secret.encode()
        ways += [
            f"plain {secret} here",
            json.dumps({"x": secret}),
            f"?p={quote(secret)}",
        ]
        ways += [
            f"hex {raw.hex()}",
            f"HEX {raw.hex().upper()}",
            f"/{quote(secret, '')}",
        ]
        for before in ("", "m", "me"):
            whole = f"{before}{secret}".encode()
            ways.append(f"basic-auth {base64.b64encode(whole).decode()}")
            ways.append(f"data:{base64.urlsafe_b64encode(whole).decode()}")
    return "\n".join(ways)


def leaks(where: str, text: str) -> list[str]:
    """Return which secrets are in a text, and where."""
    folded = text.casefold()
    found = [one for one in SHAPED if one.casefold() in folded]
    for secret in CONFIGURED:
        found += [way for way in encoded(secret) if way.casefold() in folded]
    return [f"{where}: {one}" for one in found]


async def planted(house: House, model: Endpoint) -> None:
    """Have programs that say all that they know, and fail."""
    for name, content in (("of-file", IN_FILE), ("of-lines", OF_LINES)):
        (house.root / name).write_text(f"{content}\n")
    keys = house.root / "keys"
    keys.touch(0o600)
    keys.write_text(f"{SECOND_KEY}\n")
    everything = house.root / "everything"
    everything.write_text(said((PASSWORD, IN_FILE, OWN)) + LINES)
    environment = {
        "DB_PASSWORD": PASSWORD,
        "GREETING": {"file": "of-file"},
        "LICENSE": {"file": "of-lines"},
    }
    web = sh(f"cat {everything}; env; exit 3", environment=environment)
    hung = sh("", environment=environment)
    hung["command"] = [
        "sh",
        "-c",
        f"cat {everything}; sleep 1000",
        "api",
        "--token",
        FLAG,
    ]
    hung["liveness"] = {
        "exec": ["sh", "-c", "printf 'probed with %s' \"$0\"; exit 1", PASSWORD],
        "period": 0.2,
        "failure_threshold": 1,
    }
    llm: dict[str, Any] = {"endpoint": model.url, "timeout": 20, "key_file": "keys"}
    house.write({"web": web, "api": hung, "db": well()}, llm=llm)
    house.flags.write_text("FEATURE_AUTO_HEALING_ENABLED=false\n")
    await house.start(environ={"ANTHROPIC_API_KEY": KEY, "BACKUP_PASSPHRASE": OWN})
    evidence = house.state.parent / "evidence"
    await soon(lambda: len(list(evidence.glob("*-*.json"))) == 2)


async def test_no_secret_is_in_anything_written_shown_or_sent(house: House) -> None:
    """Configured ones in each encoding that is claimed; others by their shape."""
    found: list[str] = []
    async with endpoint(message()) as model:
        await planted(house, model)
        open_now = (await house.call("status"))["incidents"]
        ids = [one["id"] for one in open_now]
        assert 2 == len(ids)
        for one in ids:
            for command in ("llm preview", "llm diagnose", "show", "evidence"):
                for how in ("--json", "--no-json"):
                    ran = await house.ctl(*command.split(), one, how)
                    assert 0 == ran.status, ran.err
                    found += leaks(f"{command} {one}", ran.out + ran.err)
        for command in (
            "status",
            "llm",
            "llm keys",
            "incidents",
            "events",
            "explain web",
        ):
            ran = await house.ctl(*command.split())
            assert 0 == ran.status, ran.err
            found += leaks(command, ran.out + ran.err)
        assert 2 == len(model.bodies)
        for body in model.bodies:
            found += leaks("request", body.decode())
            assert b"error: cannot start" in body  # there was something to be told
    async with house.events() as events:
        await events.until(lambda event: event["kind"] == "incident.diagnosed")
        found += leaks("events", json.dumps(events.seen, ensure_ascii=False))
    kept = house.state.parent / "evidence" / f"{ids[0]}.json"
    assert "error: cannot start" in kept.read_text()
    assert "[redacted]" in kept.read_text()
    # As an earlier version left it: it is shown without, and kept so at a start.
    lines = (house.root / "everything").read_text().splitlines()
    old = json.loads(kept.read_text()) | {"output": [{"path": "a", "lines": lines}]}
    assert old.pop("redacted")
    kept.write_text(json.dumps(old))
    shown = await house.ctl("evidence", ids[0])
    assert "error: cannot start" in shown.out
    found += leaks("old evidence", shown.out)
    await house.stop()
    await house.start(environ={"ANTHROPIC_API_KEY": KEY, "BACKUP_PASSPHRASE": OWN})
    await soon(lambda: '"redacted":true' in kept.read_text())
    await house.stop()
    files = [one for one in house.state.parent.rglob("*") if one.is_file()]
    assert {"journal.jsonl", "state.toml", "llm.json"} <= {one.name for one in files}
    for file in (*files, house.output):
        found += leaks(str(file), file.read_text(errors="replace"))
    assert "probed with [redacted]" in house.output.read_text()
    assert [] == found
