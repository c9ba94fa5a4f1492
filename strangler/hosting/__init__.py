"""What every host needs beside its app: settings, health, figures, logs, traces, identity and an orderly end."""
