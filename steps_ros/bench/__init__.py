"""
Benchmarks: what the package is measured against, and the measuring.

The literal implementation here is a yardstick. It imports nothing of the package that computes, so
that it does not get faster when the package does, and nothing outside this layer imports it.
"""
