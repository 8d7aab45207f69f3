"""Catalogues of millions of products in six CSV files: reading them in, and making some up."""
