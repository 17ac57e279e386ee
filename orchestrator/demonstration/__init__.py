"""A demonstration on real data: three custodians, three datasets, James' story from the first search to the result."""
