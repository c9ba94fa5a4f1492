"""Two carriers as a process of its own, over real HTTP; where parcels go decides what goes wrong. No Django."""
