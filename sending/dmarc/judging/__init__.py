"""Judge what was reported: whose an address is, and when a policy can be tightened. Pure."""
