"""Rehearsals: a campaign is played on a virtual clock by the real engine, on a stage that nothing leaves."""
