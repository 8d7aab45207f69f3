"""The storefront HTTP API: products, styles, related goods and live prices, as JSON."""
