"""What students hand in: found, read with care, and nothing but the answers taken. Imports no member."""
