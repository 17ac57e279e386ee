"""What data there is: descriptions of datasets, their immutable versions, and the search over them."""
