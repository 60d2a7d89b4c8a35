"""The face detector's training: labels by an older detector, scenes put together from them, loss and measures."""
