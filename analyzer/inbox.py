"""What waits to be answered: questions, and what the broker holds of agents and sessions."""

import queue
import threading
from collections import Counter
from typing import Final

from sacmes_core.link_events import Received
from sacmes_core.protocol import QUERY, REQUEST, parse_topic

QUESTIONS_MAX: Final = 1000
QUESTIONS_OF_ONE_MAX: Final = 100
"""Questions of one user, so that the others' find room whatever he asks."""


class Inbox:
    """Messages in the order in which they came; `put` and `take` may come from any thread.

    Of a topic that is no question the newest message alone waits, in the place of the first: so
    there are no more of them than users, and none has to be turned away.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._order: queue.SimpleQueue[Received | str] = queue.SimpleQueue()
        self._newest: dict[str, Received] = {}
        self._asked: Counter[str] = Counter()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return self._order.empty()

    def put(self, item: Received) -> bool:
        """Let a message wait; False for a question too many."""
        topic = item.message.topic
        place = parse_topic(topic)
        with self._lock:
            if place.channel in (QUERY, REQUEST):
                if (
                    self._asked[place.user_id] >= QUESTIONS_OF_ONE_MAX
                    or self._asked.total() >= QUESTIONS_MAX
                ):
                    return False
                self._asked[place.user_id] += 1
                self._order.put(item)
            else:
                if topic not in self._newest:
                    self._order.put(topic)
                self._newest[topic] = item
        return True

    def put_back(self, item: Received) -> None:
        """Let a message that is no question wait once more, unless a newer one does."""
        with self._lock:
            topic = item.message.topic
            if topic not in self._newest:
                self._newest[topic] = item
                self._order.put(topic)

    def take(self, timeout_s: float) -> Received | None:
        """The next message; None if none comes in time."""
        try:
            item = self._order.get(timeout=timeout_s)
        except queue.Empty:
            return None
        with self._lock:
            if isinstance(item, str):
                return self._newest.pop(item)
            user_id = parse_topic(item.message.topic).user_id
            self._asked[user_id] -= 1
            if not self._asked[user_id]:
                del self._asked[user_id]
            return item
