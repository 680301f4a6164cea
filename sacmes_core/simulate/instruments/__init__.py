"""Instruments that are not there: bytes in, bytes out, as devices speak on a serial line."""
