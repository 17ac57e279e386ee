"""The dataset agent: one process per awake project that unseals granted data into memory and relays its databases."""
