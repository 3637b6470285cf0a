"""Is everything here that the package needs, and if not, what to do: ``steps-ros doctor``."""
