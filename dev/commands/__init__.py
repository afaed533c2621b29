"""One module a command of `python3 -m dev`."""
