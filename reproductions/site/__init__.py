"""The site: all pages, the API reference and a page to play on, as static files."""
