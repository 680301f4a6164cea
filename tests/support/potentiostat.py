"""A potentiostat at the end of a pty or a socket: speaks MethodSCRIPT as far as tests need."""

import contextlib
import os
import pty
import select
import socket
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sacmes_core.simulate.writers.methodscript import encoded

FIRMWARE = "tespico1304#Oct 22 2021 14:38:26\nR*\n"


def volts(text: str) -> float:
    """A number of a script."""
    for prefix, scale in (("m", 1e-3), ("u", 1e-6), ("n", 1e-9), ("k", 1e3)):
        if text.endswith(prefix):
            return int(text[:-1]) * scale
    return float(int(text))


def swv_packages(begin: float, end: float, step: float) -> list[str]:
    """A peak half-way, with forward and reverse current."""
    count = round(abs(end - begin) / step) + 1
    sign = 1 if end > begin else -1
    packages = []
    for k in range(count):
        potential = begin + sign * k * step
        peak = 1e-7 / (1 + ((potential - (begin + end) / 2) / 0.04) ** 2)
        currents = ";".join(f"ba{encoded(i)},10,204" for i in (peak, 3 * peak, 2 * peak))
        packages.append(f"Pda{encoded(potential)};{currents}")
    return packages


class Pico(threading.Thread):
    """One instrument; its cell stays as it is when the line is cut."""

    def __init__(self, *, pause_s: float = 0.0, error: str | None = None) -> None:
        super().__init__(daemon=True)
        self.pause_s = pause_s
        self.error = error
        self.cell_on = False
        self.heard: list[str] = []
        self.scripts: list[str] = []
        self.scans = 0
        self.sent = b""
        self._stopping = threading.Event()
        self._plugged = threading.Event()
        self._script: list[str] | None = None
        self._line = threading.Lock()
        self._master = -1
        self.path = ""

    def plug(self, link: Path) -> None:
        """Appear as a device under a name."""
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        tty.setraw(self._master)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(slave))
        self._slave = slave
        self._plugged.set()

    def unplug(self) -> None:
        """Vanish, with the cell as it is."""
        with self._line:
            self._plugged.clear()
            os.close(self._slave)
            os.close(self._master)
            self._master = -1

    def stop(self) -> None:
        self._stopping.set()
        self.join(5)
        if self._plugged.is_set():
            self.unplug()

    def run(self) -> None:
        buffer = b""
        while not self._stopping.is_set():
            if not self._plugged.wait(0.1):
                buffer = b""
                self._script = None
                continue
            with contextlib.suppress(OSError, ValueError):
                buffer += self._read(0.05)
                *lines, buffer = buffer.split(b"\n")
                for line in lines:
                    self._hear(line.decode())

    def _read(self, timeout: float) -> bytes:
        until = time.monotonic() + timeout
        while True:
            # A number of a file that is closed may be another file's by now.
            with self._line:
                if self._master < 0:
                    raise OSError("unplugged")
                if select.select([self._master], [], [], 0)[0]:
                    return os.read(self._master, 4096)
            if time.monotonic() >= until:
                return b""
            time.sleep(0.002)

    def _say(self, text: str) -> None:
        content = text.encode()
        with self._line:
            if self._master < 0:
                raise OSError("unplugged")
            os.write(self._master, content)
            self.sent += content

    def _hear(self, line: str) -> None:
        self.heard.append(line)
        if self._script is not None:
            if line == "":
                script, self._script = self._script, None
                self.scripts.append("\n".join(script))
                self._run_script(script)
            else:
                self._script.append(line)
        elif line == "e":
            self._script = []
        elif line == "Z":
            self._say("Z!0006\n")
        elif line == "t":
            self._say(FIRMWARE)
        elif line:
            self._say(f"{line[0]}!0003\n")

    def _run_script(self, script: list[str]) -> None:
        self._say("e\n")
        for line in script:
            word, *arguments = line.split()
            if word == "cell_on":
                self.cell_on = True
            elif word == "cell_off":
                self.cell_on = False
            elif word == "meas_loop_swv":
                if not self._measure(arguments):
                    return
            elif word == "on_finished:":
                continue
        self._say("\n")

    def _measure(self, arguments: list[str]) -> bool:
        self._say("M0002\n")
        begin, end, step = map(volts, arguments[4:7])
        for k, package in enumerate(swv_packages(begin, end, step)):
            if self.pause_s:
                time.sleep(self.pause_s)
            self._say(package + "\n")
            if self.error is not None and k == 20:
                self._say(f"{self.error}\n")
                self.error = None
                return False
            if self._aborted():
                return True
        self._say("*\n")
        self.scans += 1
        return True

    def _aborted(self) -> bool:
        heard = self._read(0)
        if not heard:
            return False
        self.heard.append(heard.decode())
        if b"Z\n" not in heard:
            return False
        self._say("Z\n*\n")
        return True


@contextmanager
def pico(link: Path, **behaviour: object) -> Iterator[Pico]:
    """An instrument that is plugged in under a name."""
    one = Pico(**behaviour)  # type: ignore[arg-type]
    one.plug(link)
    one.start()
    try:
        yield one
    finally:
        one.stop()


class SocketPico(Pico):
    """The same at a port of 127.0.0.1; one client at a time, cut by `unplug`."""

    def listen(self) -> str:
        """Wait for a client; returns the address to connect to."""
        self._server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return f"socket://127.0.0.1:{self._server.getsockname()[1]}"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                with self._line:
                    self._master = client.detach()
                self._plugged.set()

    def unplug(self) -> None:
        with self._line:
            self._plugged.clear()
            if self._master >= 0:
                os.close(self._master)
            self._master = -1

    def stop(self) -> None:
        self._server.close()
        super().stop()
