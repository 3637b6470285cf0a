"""From an 8-bit image to enhanced image, depth and confidence."""
