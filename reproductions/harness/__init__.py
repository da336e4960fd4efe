"""What all scripts share: flags, the run loop, studies and their records."""
