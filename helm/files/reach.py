"""Asks the controller how it is, and tries the desk, which no pod outside a project may reach. Ends with 0 or words."""

import os
import socket
import sys
import time
import urllib.request

SECONDS = 5.0
# Kubernetes tells every pod the addresses of the Services beside it: no name service is needed.
health, desk = (
    (os.environ[f"{name}_SERVICE_HOST"], int(os.environ[f"{name}_SERVICE_PORT"])) for name in ("HEALTH", "DESK")
)
end = time.monotonic() + 240  # a new pod is known to the network after a moment, on a busy cluster after minutes
while True:
    try:
        with urllib.request.urlopen(f"http://{health[0]}:{health[1]}/healthz", timeout=SECONDS) as answer:
            sys.stdout.write(f"the controller answers {answer.status}\n")
        break
    except OSError as error:
        if time.monotonic() > end:
            sys.exit(f"The controller does not answer ({error}). See: kubectl logs control-plane-0 -c controller")
        time.sleep(1)
try:
    socket.create_connection(desk, SECONDS).close()
except OSError:
    sys.stdout.write("the desk is closed to pods outside projects, as it must be\n")
else:
    sys.exit(
        "This pod reached the controller's desk. The cluster does not enforce NetworkPolicy: install a network plugin "
        "that does, before the first project. “tre doctor” tries more."
    )
