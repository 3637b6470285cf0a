"""Simulated night streets with exact depth."""
