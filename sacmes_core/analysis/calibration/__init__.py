"""From known concentrations to a curve, and from signals back to concentrations.

`isotherm` is the Hill–Langmuir curve, `family` fits every curve of a grid at once, `fitting` finds
the best and all that are compatible with the doses, `judging` says what the doses do not determine,
`inversion` turns signals into concentrations and `prediction` back, `detection` tells the limits of
detection. A concentration may have any unit; all of one calibration have the same.
"""
