"""The agent's window, for people who want no command line."""
