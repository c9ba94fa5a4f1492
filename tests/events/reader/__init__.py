"""A bounded app that subscribes: it notes down every effect that it has, and nothing keeps it from having one twice."""
