"""Configuration of the plain hub that the benchmark compares with: JupyterHub and KubeSpawner, nothing of ours."""

import os

c = get_config()  # noqa: F821 - given by JupyterHub

c.JupyterHub.bind_url = "http://:8000"
c.JupyterHub.hub_bind_url = "http://:8081"
c.JupyterHub.hub_connect_url = "http://127.0.0.1:8081"
c.KubeSpawner.hub_connect_url = f"http://{os.environ['HUB_SERVICE_HOST']}:8081"
c.JupyterHub.db_url = "sqlite:////srv/hub.sqlite"
c.JupyterHub.proxy_class = "traefik_file"
c.JupyterHub.authenticator_class = "null"
c.Authenticator.allow_all = True
c.JupyterHub.services = [{"name": "driver", "api_token": os.environ["DRIVER_TOKEN"]}]
c.JupyterHub.load_roles = [
    {"name": "driver", "services": ["driver"], "scopes": ["admin:users", "admin:servers", "access:servers"]},
]
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.KubeSpawner.image = os.environ["WORKSPACE_IMAGE"]
c.KubeSpawner.image_pull_policy = "IfNotPresent"
c.KubeSpawner.cmd = ["/opt/workspace/bin/python", "-m", "jupyterhub.singleuser"]
c.KubeSpawner.automount_service_account_token = False
c.KubeSpawner.uid = c.KubeSpawner.gid = c.KubeSpawner.fs_gid = 1000
c.KubeSpawner.container_security_context = {
    "runAsNonRoot": True,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
c.KubeSpawner.cpu_guarantee, c.KubeSpawner.cpu_limit = 0.1, 1
c.KubeSpawner.mem_guarantee, c.KubeSpawner.mem_limit = "256M", "1024M"
c.KubeSpawner.working_dir = "/home/researcher"
c.KubeSpawner.volumes = [{"name": "home", "emptyDir": {}}, {"name": "scratch", "emptyDir": {}}]
c.KubeSpawner.volume_mounts = [
    {"name": "home", "mountPath": "/home/researcher"},
    {"name": "scratch", "mountPath": "/tmp"},
]
c.KubeSpawner.start_timeout = 120
c.KubeSpawner.http_timeout = 60
