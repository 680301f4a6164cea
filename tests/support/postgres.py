"""A PostgreSQL server of Debian's package, for the tests alone: in memory's speed, on a socket."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from sqlalchemy import create_engine
from support.tools import cannot, wait_until

DEBIAN = Path("/usr/lib/postgresql")
USER = "sacmes"
# Nothing here survives the machine, so nothing waits for its disk.
QUICK = ("fsync=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=60")


class Postgres:
    """A server in a folder of its own below the temporary folder; reached by its socket alone."""

    def __init__(self) -> None:
        self._programs = _programs()
        # Beside pytest's folders, which another user may not enter, and short enough for a socket.
        self.home = Path(tempfile.mkdtemp(prefix="sacmes-pg-"))
        self._as_user = _not_root(self.home)
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        initdb = ("initdb", "-D", "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        self._run(*initdb, "--locale=C")

    def start(self) -> None:
        options = [word for setting in QUICK for word in ("-c", setting)]
        command = [self._programs / "postgres", "-D", "data", "-k", self.home, "-h", "", *options]
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.home, stdout=log, stderr=log, **self._as_user
            )
        wait_until(self._answers, what=f"the PostgreSQL server in {self.home}")

    def kill9(self) -> None:
        """Kill the server, upon which what it started ends; the socket and the data stay."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        self._process.kill()
        self._process.wait(10)
        # No new server starts beside them.
        there = [Path("/proc", child, "exe") for child in children]
        wait_until(lambda: not any(map(_is_there, there)), what="the end of the server's processes")

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            # Its fast way to end, without waiting for connections that a failed test left open.
            self._process.send_signal(signal.SIGINT)
            self._process.wait(20)
        shutil.rmtree(self.home)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://{USER}@/{database}?host={self.home}"

    def new_database(self) -> str:
        """The URL of a database with nothing in it."""
        self._databases += 1
        name = f"store{self._databases}"
        self._administer(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop(self, url: str) -> None:
        name = url.partition("?")[0].rpartition("/")[2]
        self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def _administer(self, statement: str) -> None:
        engine = create_engine(self.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.home / "log").read_text("utf-8", "replace")
        command = [self._programs / "pg_isready", "-q", "-h", self.home]
        return subprocess.run(command, check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, *arguments],
            cwd=self.home,
            check=True,
            capture_output=True,
            **self._as_user,
        )


def _is_there(program: Path) -> bool:
    """Whether a process runs still; one that has ended is not, though nobody has looked."""
    try:
        program.readlink()
    except OSError:
        return False
    return True


def _programs() -> Path:
    """The folder of the newest server that is installed."""
    found = sorted(DEBIAN.glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    if not found:
        cannot("PostgreSQL is not installed (apt-get install postgresql)")
    return found[-1].parent


def _not_root(home: Path) -> dict[str, object]:
    """The user that the server runs as, since it refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
