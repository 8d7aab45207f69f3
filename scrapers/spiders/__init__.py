"""One spider a market."""
