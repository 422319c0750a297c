"""A full disk stops no program, and costs no byte."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk"),
]

_MOUNT = 'mount -t tmpfs -o size=256k small "$1" && exec "$2" -c "$3" "$1" "$4"'

_CODE = """
import os, sys, trio
from pathlib import Path
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.core.output import LogTo

disk, run = Path(sys.argv[1]), Path(sys.argv[2])
filler, log = disk / "filler", LogTo(path=disk / "web.log")
lines = [b"%07d\\n" % n for n in range(25_000)]

async def main():
    changed = trio.Event()
    filler.write_bytes(bytes(150_000))
    outputs = Outputs(run, changed=lambda: changed.set())
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            await nursery.start(outputs.run)
            handles = outputs.open("web", log)
            # A program that writes more than there is room for, and ends.
            argv = [sys.executable, "-c", "import os, sys;"
                "[os.write(1, b'%07d\\\\n' % n) for n in range(25000)]"]
            await trio.run_process(argv, stdout=handles.stdout)
            while "web" not in outputs.problems():
                await changed.wait()
                changed = trio.Event()
            print(outputs.problems()["web"], flush=True)
            assert log.path.stat().st_size < 120_000
            assert not await outputs.drain("web", 0.1)
            filler.unlink()
            assert await outputs.drain("web", 50)
            assert {} == outputs.problems()
            nursery.cancel_scope.cancel()
    assert b"".join(lines) == log.path.read_bytes()
    print("all there", flush=True)

trio.run(main)
"""


def test_a_full_disk(tmp_path: Path) -> None:
    """The program ends as it would have, and all is written when there is room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    script = [_MOUNT, "sh", str(disk), sys.executable, _CODE, str(tmp_path / "run")]
    argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c", *script]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ran = subprocess.run(  # noqa: TID251 - the test's own child
        argv, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    if "unshare failed" in ran.stderr or "permission denied" in ran.stderr:
        pytest.skip(f"no mount of our own here: {ran.stderr.strip()}")
    assert 0 == ran.returncode, ran.stderr
    words = (
        f"cannot write log '{disk}/web.log': no space left on device;"
        " make room on it, and writing goes on by itself"
    )
    assert f"{words}\nall there\n" == ran.stdout
