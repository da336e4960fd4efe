"""Runs, studies and jobs of several workers that are killed, and what they have in common with one left alone."""
