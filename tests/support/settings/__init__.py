"""The hosts' settings with injected faults: `strangler.testing` stops movers, SABOTAGE takes guards out."""
