"""Instruments that print lines of potential and current, as a description says."""
