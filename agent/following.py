"""Follows the session document, and asks for a session where the command line wishes for one."""

import logging
import secrets
import socket
from collections.abc import Callable

from agent import session, starting
from agent.asking import Asker
from agent.home import Home
from agent.problems import Problems
from sacmes_core import questions
from sacmes_core.logs import process_concerns
from sacmes_core.messages import Message
from sacmes_core.payloads.session import SessionDocument

logger = logging.getLogger(__name__)


class Follower:
    """Performs what the reducers of `session` and `starting` decide.

    Parameters
    ----------
    work_on
        Called with each document that is to be followed from then on.
    """

    def __init__(
        self,
        home: Home,
        wish: starting.Wish | None,
        asker: Asker,
        problems: Problems,
        work_on: Callable[[SessionDocument], None],
    ) -> None:
        self._home = home
        self._asker = asker
        self._problems = problems
        self._work_on = work_on
        self._asking = secrets.token_bytes(8)
        process_concerns(user_id=home.identity.user_id)
        self._obedience = session.Obedience(home.kept_session())
        self._starting = (
            None
            if wish is None
            else starting.Starting(wish, home.granted(), self._obedience.document)
        )

    @property
    def document(self) -> SessionDocument | None:
        """The document that holds; None before the first."""
        return self._obedience.document

    def resume(self) -> None:
        """Go on with the session of the last run, before any broker answers."""
        if self.document is not None:
            process_concerns(session_id=self.document.session_id)
            self._work_on(self.document)

    def see(self, document: SessionDocument, now: float) -> None:
        """Perform a document that came on the session topic."""
        self._obey(*session.step(self._obedience, document), now)

    def reply(self, message: Message, now: float) -> None:
        """Perform a message on the reply topic.

        Raises
        ------
        ProtocolError
            If it is an answer that cannot be read.
        """
        if self._asker.is_marker(message):
            self.start(starting.Looked(), now)
        elif message.correlation_data == self._asking:
            reply = questions.read_reply(questions.START, message)
            if not isinstance(reply, bytes):
                self.start(starting.Answered(reply), now)

    def start(self, event: starting.Event, now: float) -> None:
        """Perform an event of the wish; without effect where there is none."""
        if self._starting is None:
            return
        self._starting, effects = starting.step(self._starting, event, now)
        for effect in effects:
            match effect:
                case starting.Ask(seen_revision):
                    self._problems.put("start", "Waiting for an analyzer to start the session.")
                    by = f"agent on {socket.gethostname()}"
                    request = self._starting.wish.request(seen_revision, by)
                    self._asker.ask(questions.START, request, self._asking)
                case starting.Met(document, new):
                    self._met(self._starting.wish, document, new=new, now=now)
                case starting.Failed(sentence):
                    self._problems.put("start", sentence)

    def _met(
        self, wish: starting.Wish, document: SessionDocument, *, new: bool, now: float
    ) -> None:
        self._problems.put("start", None)
        self._home.keep_granted(starting.Granted(wish, document.session_id))
        if new and document != self.document:
            self._obey(*session.told(document), now)
            return
        logger.info("Going on with session %s", document.session_id)
        # The source may run by itself what it would not run for somebody else.
        self._work_on(document)

    def _obey(
        self,
        state: session.Obedience,
        effects: tuple[session.Follow | session.Ignore, ...],
        now: float,
    ) -> None:
        self._obedience = state
        for effect in effects:
            match effect:
                case session.Ignore(reason):
                    logger.info("%s", reason)
                case session.Follow(document):
                    process_concerns(session_id=document.session_id)
                    logger.info(
                        "Session %s, revision %d: %s",
                        document.session_id,
                        document.revision,
                        document.state,
                    )
                    self._problems.put("home", self._home.keep_session(document))
                    self._work_on(document)
                    self.start(starting.Holds(document), now)
