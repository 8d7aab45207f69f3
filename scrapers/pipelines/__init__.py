"""What happens to scraped goods: cleaned, checked, each once, stored. One class a file; settings.py holds the order."""
