"""The project hub: JupyterHub with the gate as its proxy, the gate's word as its sign-on, the desk as its launcher."""
