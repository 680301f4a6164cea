"""Chronoamperometry: from the current after a potential step to lifetimes."""
