"""What the law of the recipients' countries asks, and on what ground a campaign writes to them."""
