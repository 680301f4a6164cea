"""The Rodeostat: commands and answers as JSON, one a line."""
