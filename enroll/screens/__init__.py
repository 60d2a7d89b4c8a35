"""What looks at a face and says what speaks against it: refusals and doubts, each with its reasons."""
