"""The settings of a session, a module for each of the parts that the session document carries.

Each field's description is what the dashboard shows as help and what `docs/settings.md` lists.
A change of `source` reaches the agent, one of `reading` or `peak` re-analyses the run, and one of
`trend` recomputes the trend from the numbers that are there; one of `alerts` does neither.
"""
