"""The landmark network: its task and what ships."""
