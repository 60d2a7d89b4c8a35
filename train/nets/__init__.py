"""Networks: published ones rebuilt, ours, and what becomes of their weights on disk."""
