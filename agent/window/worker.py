"""The one thread that touches the home folder and runs the agent; it tells the window by events."""

import logging
import queue
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from agent.application import Agent, AgentOptions
from agent.disk import HomeLock
from agent.home import Home
from agent.settings import Value, keep_settings, read_settings
from agent.starting import Wish
from agent.watching import folder_source
from agent.watching_options import patience_for
from agent.window.consent import is_accepted, notice, remember
from agent.window.events import Adopted, Ended, Event, Failed, HomeRead, Order, Viewed
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import SacmesError
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings

logger = logging.getLogger(__name__)

STOP_TIMEOUT_S: Final = 12.0
"""A network share that hangs is not waited for longer when the program ends."""


class Worker:
    """Does what the window wants, one thing after the other.

    Parameters
    ----------
    tell
        Called in the worker's thread with each event; puts it on the window's queue.
    """

    def __init__(self, home: Path, tell: Callable[[Event], None]) -> None:
        self._home = home
        self._tell = tell
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._agent: Agent | None = None
        self._thread = threading.Thread(target=self._work, name="agent", daemon=True)

    def open(self) -> None:
        """Begin to work, and read the home folder first."""
        self._jobs.put(self._read_home)
        self._thread.start()

    def close(self) -> None:
        """Stop the agent and end the thread."""
        self._stop.set()
        self._jobs.put(None)
        self._thread.join(STOP_TIMEOUT_S)

    def adopt(self, address: BrokerAddress) -> None:
        """Make the home folder belong to the user of an address."""
        self._jobs.put(partial(self._adopt, address))

    def keep(self, changes: tuple[tuple[str, Value], ...]) -> None:
        """Keep lines in `settings.toml`."""
        self._jobs.put(partial(keep_settings, self._home, dict(changes)))

    def remember_consent(self, text: str) -> None:
        """Keep that somebody agreed to a text."""
        self._jobs.put(partial(remember, self._home, text))

    def start(self, order: Order) -> None:
        """Run the agent until `stop`."""
        self._stop = threading.Event()
        self._jobs.put(partial(self._run_agent, order, self._stop))

    def stop(self) -> None:
        """Ask the agent to stop; it tells when it has."""
        self._stop.set()

    def retry(self) -> None:
        """Let the agent send again what was refused."""
        agent = self._agent
        if agent is not None:
            agent.retry_refused()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except SacmesError as error:
                self._tell(Failed(str(error)))
            except Exception:
                logger.exception("The window's worker failed")
                self._tell(Failed("Something went wrong in this program; the log says more."))

    def _read_home(self) -> None:
        settings = read_settings(self._home)
        text = notice(self._home, settings.consent)
        pending = "" if is_accepted(self._home, text) else text
        with Home.opened(self._home) as opened:
            user_id, waiting = opened.identity.user_id, opened.outbox.waiting_count()
        self._tell(HomeRead(user_id, waiting, settings.connect and not pending, pending))

    def _adopt(self, address: BrokerAddress) -> None:
        with HomeLock(self._home), Home.opened(self._home) as opened:
            opened.adopt(address.username)
            user_id = opened.identity.user_id
        self._tell(Adopted(address, user_id))

    def _run_agent(self, order: Order, stop: threading.Event) -> None:
        sentence, waiting = None, 0
        try:
            with HomeLock(self._home), Home.opened(self._home) as opened:
                try:
                    self._agent = self._made(order, opened, stop)
                    self._agent.run()
                finally:
                    self._agent = None
                    waiting = opened.outbox.waiting_count()
        except SacmesError as error:
            sentence = str(error)
        except Exception:
            logger.exception("The agent failed")
            sentence = "The agent failed; the log says more. What is not sent yet is kept."
        self._tell(Ended(sentence, waiting))

    def _made(self, order: Order, opened: Home, stop: threading.Event) -> Agent:
        settings = order.settings
        opened.adopt(order.address.username)
        folder = Path(order.folder)
        source = SourceSettings(handle=settings.handle, backlog=settings.backlog)
        wish = Wish(settings.start, SessionSettings(source=source)) if settings.start else None
        options = AgentOptions(
            address=order.address,
            source=folder_source(
                folder, patience_for(folder, settings.quiet), subfolders=settings.subfolders
            ),
            take_over=settings.take_over,
            wish=wish,
        )
        return Agent(options, opened, stop, lambda view: self._tell(Viewed(view)))
