"""What the course teaches and where: its lessons as they stand, its plan, and the systems that it names."""
