"""What scripts of one kind share: options, networks, measures and pictures."""
