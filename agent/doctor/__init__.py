"""Checks everything between the instrument's folder and the analyzer, and says what to do."""
