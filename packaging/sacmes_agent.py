"""The agent's command line, as the program that is built starts it."""

from agent.cli import main

main()
