"""Results in words and pictures: pages, spreadsheets, summaries."""
