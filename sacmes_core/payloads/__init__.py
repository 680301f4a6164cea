"""The payloads of the protocol as models: what each message says, with units in the names.

All are immutable and strict: a number is never read from a string, NaN and infinity are refused,
unknown fields are ignored, and an unknown `schema` is refused before anything else is looked at.
"""
