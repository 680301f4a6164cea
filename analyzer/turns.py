"""What waits for a thread that takes long over each: users take turns."""

import threading
from collections import OrderedDict, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Turns(Generic[Item]):
    """Items of users, each user's in order; `put` and `take` may come from any thread.

    Parameters
    ----------
    most
        Items of all users together.
    most_of_one
        Items of one user, so that the others' find room whatever he asks for.
    """

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._waiting: OrderedDict[str, deque[Item]] = OrderedDict()
        self._changed = threading.Condition()

    def put(self, user_id: str, item: Item) -> bool:
        """Let an item wait; False if there are too many."""
        with self._changed:
            own = self._waiting.get(user_id, deque())
            if len(own) >= self._most_of_one or sum(map(len, self._waiting.values())) >= self._most:
                return False
            own.append(item)
            self._waiting.setdefault(user_id, own)
            self._changed.notify()
            return True

    def take(self, timeout_s: float) -> Item | None:
        """The next item of the user whose turn it is; None if none comes in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: bool(self._waiting), timeout_s):
                return None
            user_id, own = self._waiting.popitem(last=False)
            item = own.popleft()
            if own:
                self._waiting[user_id] = own
            return item
