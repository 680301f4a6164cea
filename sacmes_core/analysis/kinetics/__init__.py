"""Rate constants of the electron transfer from peak currents over frequency."""
