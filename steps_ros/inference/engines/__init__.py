"""What computes the depth network: one file per engine, their table, check, cache and choice."""
