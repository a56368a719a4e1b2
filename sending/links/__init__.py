"""What stands in a message and leads back to us: addresses with tokens, and the destinations behind them."""
