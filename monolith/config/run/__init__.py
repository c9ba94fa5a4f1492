"""Runs the whole platform on one machine: servers from wheels, hosts and worker under one supervisor."""
