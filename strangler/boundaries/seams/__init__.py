"""
Look: what binds the apps of a Django project to each other today, and where to cut first.

Reads any project, configured for the toolkit or not; writes nothing and opens no database connection.
"""
