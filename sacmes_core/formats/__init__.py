"""From a file's bytes to scans in volts and amperes; needs the standard library alone.

`reading.read` is the way in, `scan` holds what comes out.
"""
