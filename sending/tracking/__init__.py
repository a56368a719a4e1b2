"""What comes back over the web: clicks, opens, opt-outs. Answered by a host of its own; judged; told."""
