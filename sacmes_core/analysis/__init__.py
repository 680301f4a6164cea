"""From scans to peak currents and trends: pure functions over arrays.

`analyzing.analyze` takes scans and settings, `methods` lists the peak methods, `trend` makes
normalised currents and KDM of the peaks.
"""
