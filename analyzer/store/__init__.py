"""Where everything is kept: uploads, sessions, results and what waits; the one place with SQL."""
