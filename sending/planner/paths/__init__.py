"""The paths of a campaign: their picture, the branches between them, and those that cannot be followed."""
