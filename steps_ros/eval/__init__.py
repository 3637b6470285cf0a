"""Depth metrics and pictures of results."""
