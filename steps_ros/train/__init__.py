"""Training loops and their objectives."""
