"""Cyclic and linear sweep voltammograms: segments, peaks of two models, charges, probes.

`cycles.analyze_cycles` takes scans and settings; `docs/algorithms/cv.md` says what it does.
"""
