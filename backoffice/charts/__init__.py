"""Drawings made on the server: no script in them, no style in them, colours from the theme. Beside each stands its table."""
