"""The four demo shops: one a market, each on its own platform, with goods made from a seed."""
