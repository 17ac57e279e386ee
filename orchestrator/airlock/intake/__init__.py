"""The way in: sockets and a port for sessions, the client they use, what is said before a byte is taken."""
