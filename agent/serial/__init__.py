"""The shell around an instrument on a serial line; the only part that knows pyserial."""
