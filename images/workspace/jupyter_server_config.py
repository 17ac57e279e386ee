"""Configuration of every workspace server; read-only inside the workspace."""

from jupyter_server.serverapp import ServerApp

# no door but the page and the kernel channels: files leave through the airlock
ServerApp.default_services = tuple(name for name in ServerApp.default_services if name != "nbconvert")
c = get_config()  # noqa: F821
c.ServerApp.terminals_enabled = False
c.ServerApp.jpserver_extensions = {
    "jupyterlab": True,
    "jupyter_server_terminals": False,
    "notebook_shim": False,
    "jupyter_lsp": False,
}
c.ContentsManager.files_handler_class = "jupyter_server.base.handlers.Template404"
c.ContentsManager.files_handler_params = {}
c.FileContentsManager.delete_to_trash = False
c.LabApp.extension_manager = "readonly"
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.ServerApp.root_dir = "/home/researcher"
c.ServerApp.open_browser = False
c.ServerApp.quit_button = False
c.ServerApp.sock_mode = "0660"
# a kernel that works is never ended for being quiet
c.MappingKernelManager.cull_idle_timeout = 0
c.ServerApp.shutdown_no_activity_timeout = 0
