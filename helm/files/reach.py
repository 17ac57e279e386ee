"""Asks the controller how it is, and tries the desk, which no pod outside a project may reach. Ends with 0 or words."""

import os
import socket
import sys
import urllib.request

SECONDS = 5.0
health, desk = os.environ["HEALTH"], os.environ["DESK"]
try:
    with urllib.request.urlopen(f"http://{health}/healthz", timeout=SECONDS) as answer:
        sys.stdout.write(f"the controller answers {answer.status}\n")
except OSError as error:
    sys.exit(f"The controller does not answer at {health}: {error}. See: kubectl logs control-plane-0 -c controller")
host, _, port = desk.rpartition(":")
try:
    socket.create_connection((host, int(port)), SECONDS).close()
except OSError:
    sys.stdout.write("the desk is closed to pods outside projects, as it must be\n")
else:
    sys.exit(
        "This pod reached the controller's desk. The cluster does not enforce NetworkPolicy: install a network plugin "
        "that does, before the first project. “tre doctor” tries more."
    )
