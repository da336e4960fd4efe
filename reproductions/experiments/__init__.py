"""What trains and measures for the studies whose runs are not those of a script."""
