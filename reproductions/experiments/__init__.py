"""Experiments: studies whose runs are no runs of a script, one a file."""
