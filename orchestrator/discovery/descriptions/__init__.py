"""Descriptions of datasets: the published schemas as our own tables, conversion between them, quality, exports."""
