"""Listino: live price lists for dropshippers. See README.md and docs/."""
