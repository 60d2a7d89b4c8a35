"""What is kept of who was there: sessions, marks, the records behind them, and reports made of these."""
