"""Answers each client with what it was handed; ends when told, between two clients."""

import json
import os
import select
import signal
import socket
from pathlib import Path

number = int(os.environ.get("LISTEN_FDS", "0"))
fds = list(Path("/proc/self/fd").iterdir())
opened = [fd.name for fd in fds if fd.exists()]
sockets = [socket.socket(fileno=fd) for fd in (range(3, 3 + number) or [0])]
reader, writer = os.pipe()
os.set_blocking(writer, False)
signal.set_wakeup_fd(writer)
signal.signal(signal.SIGTERM, lambda _number, _frame: None)
for one in sockets:
    one.settimeout(0)
while True:
    ready, _, _ = select.select([one.fileno() for one in sockets] + [reader], [], [])
    if reader in ready:
        break
    for one in (one for one in sockets if one.fileno() in ready):
        try:
            client, _ = one.accept()
        except BlockingIOError:
            continue  # another process was faster
        with client:
            answer = {
                "pid": os.getpid(),
                "environ": dict(os.environ),
                "fds": opened,
                "names": [s.getsockname() for s in sockets],
                "at": sockets.index(one),
            }
            client.settimeout(None)
            client.sendall(json.dumps(answer).encode())
