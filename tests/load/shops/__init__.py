"""Four shops for load: quick to answer, slow on purpose, and exact about what they told whom and when."""
