"""Says on the presence topic who this agent is, what it runs and what it has counted."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal

from agent import presence
from agent.clock import clock_is_synchronised
from agent.home import Home
from agent.presence import Facts, GiveWay, Holding, Say
from agent.source import SourceFacts
from sacmes_core import __version__
from sacmes_core.errors import SacmesError
from sacmes_core.messages import Publication
from sacmes_core.payloads.presence import AgentPresence
from sacmes_core.protocol import AGENT_PRESENCE, publication

COUNT_EVERY_S: Final = 1.0


class AgentStopped(SacmesError):  # noqa: N818 - an end with its sentence, not a fault
    """The agent may not go on; the sentence says why and what to do."""


class Announcer:
    """Performs what the presence reducer decides.

    Parameters
    ----------
    source
        Where scans come from.
    publish
        Hands a message to the connection.
    """

    def __init__(
        self, home: Home, source: SourceFacts, publish: Callable[[Publication], int | None]
    ) -> None:
        self._home = home
        self._source = source
        self._publish = publish
        self._since = datetime.now(UTC)
        self._holding = Holding(home.identity.instance, home.identity.number)
        self._counted_at = float("-inf")

    @property
    def due_at(self) -> float:
        """When presence is to be published next."""
        return self._holding.due_at

    def claim(self, number: int) -> None:
        """Hold the user_id under this number."""
        self._home.keep_number(number)
        self._holding = Holding(self._home.identity.instance, number)

    def hold(self, event: presence.Event, now: float) -> None:
        """Perform an event.

        Raises
        ------
        AgentStopped
            If another agent has taken the user_id over.
        """
        self._holding, effects = presence.step(self._holding, event, now)
        for effect in effects:
            match effect:
                case Say(facts):
                    self._publish(self.message("online", facts))
                case GiveWay(sentence):
                    raise AgentStopped(sentence)

    def is_due(self, now: float) -> bool:
        """Whether the facts are to be gathered again; counting is not free."""
        if now < self._counted_at + COUNT_EVERY_S:
            return False
        self._counted_at = now
        return True

    def message(self, state: Literal["online", "stopped", "lost"], facts: Facts) -> Publication:
        """The presence as a message."""
        said = AgentPresence(
            state=state,
            instance=self._holding.instance,
            number=self._holding.number,
            heartbeat_at=datetime.now(UTC),
            since=self._since,
            version=__version__,
            host=socket.gethostname()[:200],
            source=self._source.kind,
            source_name=self._source.name[:1024],
            remote_start=self._source.remote_start,
            instrument=facts.instrument[:200],
            limits=facts.limits,
            session_id=facts.session_id,
            revision=facts.revision,
            clock_synced=clock_is_synchronised(),
            counters=facts.counters,
            problem=facts.problem,
        )
        return publication(AGENT_PRESENCE, said, user_id=self._home.identity.user_id)
