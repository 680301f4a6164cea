"""The agent's window, as a double click on the program that is built starts it."""

import sys

from agent.cli import main

sys.argv[1:1] = ["gui"]
main()
