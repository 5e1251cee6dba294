"""What every test of the sandbox shares."""
