"""Where frames go: encoders, files, ledgers."""
