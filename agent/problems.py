"""What needs a person: said once when it begins and once when it is over."""

import logging

logger = logging.getLogger(__name__)


class Problems:
    """The sentences that hold now, one for each cause."""

    def __init__(self) -> None:
        self._sentences: dict[str, str] = {}

    def put(self, cause: str, sentence: str | None) -> None:
        """Say that a cause has this sentence now; None that it is over."""
        before = self._sentences.get(cause)
        if sentence == before:
            return
        if sentence is None:
            del self._sentences[cause]
            logger.info("Over: %s", before)
        else:
            self._sentences[cause] = sentence
            logger.warning("%s", sentence)

    @property
    def sentences(self) -> tuple[tuple[str, str], ...]:
        """Cause and sentence of each, in the order they began."""
        return tuple(self._sentences.items())

    @property
    def text(self) -> str | None:
        """All sentences, in the order they began; None if there are none."""
        return " ".join(self._sentences.values())[:2000] or None
