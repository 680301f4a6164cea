"""Processes of our commands without the seconds that their libraries take to load.

A nursery is a process that has loaded a command's libraries and does nothing. On demand it forks
a child that becomes the command, with arguments, environment, directory and files of its own: a
process as any other, with its own threads, which signals reach and `kill -9` ends. What loads at
a start, and what must not, is tested with interpreters of their own.

The child is a child of the test, not of the nursery: the test is its reaper for the moment in
which the process between them ends (Linux alone; elsewhere commands start afresh).
"""

import atexit
import ctypes
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

ALSO = {
    "agent.cli": ("agent.application", "agent.watching", "agent.sending"),
    "analyzer.cli": ("analyzer.application", "analyzer.inspection", "analyzer.offline"),
}
"""What the command loads when it is clear what it has to do."""
PR_SET_CHILD_SUBREAPER = 36
MAX_REQUEST_BYTES = 1_000_000

_nurseries: dict[str, socket.socket] = {}
_lock = threading.Lock()


def can_raise(module: str) -> bool:
    """Whether there is a nursery for this command's module here."""
    return sys.platform == "linux" and module in ALSO


def raised(
    module: str, arguments: Sequence[str], env: Mapping[str, str], files: tuple[int, int, int]
) -> subprocess.Popen[bytes]:
    """A process of the command, with these files as its standard input, output and error."""
    request = json.dumps({"argv": list(arguments), "env": dict(env), "cwd": str(Path.cwd())})
    with _lock:
        nursery = _nurseries.get(module) or _opened(module)
        _become_reaper(True)
        try:
            socket.send_fds(nursery, [request.encode()], files)
            pid = int(nursery.recv(32))
            nursery.recv(32)
        finally:
            _become_reaper(False)
    return _process(pid, [module, *arguments])


def _opened(module: str) -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, __file__, module, str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        # As the analyzer says to itself before its libraries load.
        env={"OPENBLAS_NUM_THREADS": "1"} | os.environ,
    )
    theirs.close()
    _nurseries[module] = ours

    def close() -> None:
        ours.close()
        process.wait()

    atexit.register(close)
    return ours


def _become_reaper(become: bool) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, int(become), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no reaper")


def _process(pid: int, args: list[str]) -> subprocess.Popen[bytes]:
    """A child that we did not start ourselves, with all that a `Popen` can do."""
    process = subprocess.Popen.__new__(subprocess.Popen)
    known: dict[str, Any] = {
        "pid": pid, "args": args, "returncode": None, "stdin": None, "stdout": None,
        "stderr": None, "_child_created": True, "_waitpid_lock": threading.Lock(),
        "_sigint_wait_secs": 0.25, "_communication_started": False, "_input": None,
    }  # fmt: skip
    vars(process).update(known)
    return process


def _serve(nursery: socket.socket) -> dict[str, Any] | None:
    """Fork at each request; the request in the child, None in the nursery at its end."""
    while True:
        message, files, _, _ = socket.recv_fds(nursery, MAX_REQUEST_BYTES, 3)
        if not message:
            return None
        between = os.fork()
        if between == 0:
            pid = os.fork()
            if pid == 0:
                nursery.close()
                for number, file in enumerate(files):
                    os.dup2(file, number)
                    os.close(file)
                return json.loads(message)
            os.write(nursery.fileno(), b"%d" % pid)
            os._exit(0)
        os.waitpid(between, 0)
        nursery.send(b"handed over")
        for file in files:
            os.close(file)


def _become(module: str, request: dict[str, Any]) -> None:
    """Be the command from here on."""
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["-c", *request["argv"]]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", line_buffering=True, write_through=True)
    importlib.import_module(module).main()


def _main() -> None:
    module, number = sys.argv[1:]
    sys.path[0] = str(Path.cwd())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in (module, *ALSO[module]):
        with suppress(ImportError):
            importlib.import_module(name)
    request = _serve(socket.socket(fileno=int(number)))
    if request is not None:
        _become(module, request)


if __name__ == "__main__":
    _main()
