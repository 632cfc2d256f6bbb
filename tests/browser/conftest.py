"""One JupyterLab and one Chromium for all browser tests.

Where playwright, JupyterLab or Chromium is missing, the tests that need them are skipped with that reason.
COURSE_CHROMIUM names another browser program.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
SETTINGS = {
    "apputils-extension/notification": {
        "fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True,
    },
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell is in the page, seen or not
    "docmanager-extension/plugin": {"autosave": False},
}  # fmt: skip
FOLDERS = (
    "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR", "MPLCONFIGDIR",
)  # fmt: skip
PATIENCE = 120  # seconds until a server that does not answer counts as broken; it needs about five


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: `root` is the folder that it shows, `url` has no slash at its end."""

    url: str
    token: str
    root: Path


def chromium() -> str | None:
    """The browser program, or None."""
    named = os.environ.get("COURSE_CHROMIUM")
    return named or next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="session")
def playwright():
    """Playwright itself, or a skip that says what is missing."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if chromium() is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on the path")
    with api.sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright):
    """Chromium without a window."""
    browser = playwright.chromium.launch(executable_path=chromium(), headless=True, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def server(playwright, tmp_path_factory):
    """A JupyterLab with settings of its own that shows an empty folder. Put notebooks into `server.root`."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    home, root = tmp_path_factory.mktemp("jupyter"), tmp_path_factory.mktemp("notebooks")
    environment = dict(os.environ)
    for name in FOLDERS:
        environment[name] = str(home / name.lower())
    for plugin, settings in SETTINGS.items():
        file = home / "jupyterlab_settings_dir" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings), encoding="utf-8")
    token, port = secrets.token_hex(16), free_port()
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
        f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    log = home / "jupyterlab.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=root,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            server = Server(f"http://127.0.0.1:{port}", token, root)
            wait_until_ready(server, process, log)
            yield server
        finally:
            end(process)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until_ready(server: Server, process: subprocess.Popen, log: Path) -> None:
    """Return when the server answers; fail with the end of its log when it ends or stays silent."""
    no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(
        f"{server.url}/api/status", headers={"Authorization": f"token {server.token}"}
    )
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with no_proxy.open(request, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    state = "is silent" if process.poll() is None else f"ended with {process.returncode}"
    pytest.fail(f"JupyterLab {state}:\n{log.read_text(errors='replace')[-3000:]}", pytrace=False)


def end(process: subprocess.Popen) -> None:
    """End the server and its kernels, which are in its process group or, started apart, end with it."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
