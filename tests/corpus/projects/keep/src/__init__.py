"""A Worker whose modules import each other by `src.`."""
