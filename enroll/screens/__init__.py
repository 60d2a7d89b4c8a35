"""What looks at a face and says whether it may be judged: refusals and doubts, each with its reasons."""
