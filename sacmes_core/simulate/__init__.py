"""Simulated instruments and experiments whose truth is known."""
