"""Sessions as containers of a Docker engine on this machine; gate and hub stay what they are in the sandbox."""
