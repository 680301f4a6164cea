"""Potentiostats on a serial line: what they are sent and what their lines mean, without a port."""
