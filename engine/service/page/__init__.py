"""The page at `/`: what the status knows, for people who would rather look."""
