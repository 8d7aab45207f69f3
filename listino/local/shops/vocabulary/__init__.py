"""The words of the four markets: what goods, colours and materials are called, and what is said of them."""
