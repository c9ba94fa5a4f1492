"""Show a survey: on a terminal, as JSON, as a diagram, as a page."""
