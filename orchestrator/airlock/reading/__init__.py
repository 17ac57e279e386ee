"""What is in a file, whatever its kind: tables, words, pictures, plotted points, and what tries to hide."""
