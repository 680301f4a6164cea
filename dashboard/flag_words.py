"""Flags in words: a short name for a table, and the sentence behind it."""

from collections.abc import Iterable

from sacmes_core.flags import SENTENCES


def flag_name(flag: str) -> str:
    """A short name."""
    return flag.replace("_", " ").capitalize()


def flag_sentences(flags: Iterable[str]) -> str:
    """What the flags say and what to do, one sentence after the other."""
    return " ".join(SENTENCES.get(flag, flag_name(flag)) for flag in flags)
