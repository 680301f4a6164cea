"""The dashboard: shows a live experiment in any browser."""
