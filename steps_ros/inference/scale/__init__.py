"""Metres of one unit of depth: measured, filtered, and said only while it is known."""
