"""What several test files share: `from helpers.small_gans import ...`, wherever the test file lies."""
