"""From peaks to trends: normalised currents, KDM and ratios, with their standard errors.

`running` takes scans one by one or a whole run, `definitions` holds the formulas, `uncertainty`
what they do to standard errors, `potential` watches where the peak is. Of finished trends
`replicates` and `electrodes` make means, and `drift` fits and removes the drift.
"""
