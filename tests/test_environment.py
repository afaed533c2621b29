"""The development environment keeps its promises."""

import fcntl
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from dev.commands import pot
from dev.environment import addon, odoo_source, paths, ports, python_env, texts
from dev.environment.mail_catcher import MailCatcher
from dev.environment.odoo import OdooServer
from dev.environment.report import Failure
from dev.environment.stripe_fake import StripeFake


@pytest.fixture
def checkout(tmp_path):
    """Another checkout of the project's tools, with a state of its own."""
    folder = tmp_path / "checkout"
    shutil.copytree(paths.CHECKOUT / "dev", folder / "dev")
    return folder


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """An empty cache, in which nothing has been downloaded yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return paths.cache()


def _dev(checkout, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "dev", *arguments],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )


# === WHAT PEOPLE SEE === #


def test_web_client_opens_without_an_error(server, page, log_in, keep_screenshot):
    log_in(page, "admin")
    page.wait_for_selector(".o_action_manager > *")
    keep_screenshot(page, "web client")


def test_mail_of_odoo_lands_in_the_inbox(server, stack, inbox, database, tmp_path):
    script = tmp_path / "send.py"
    script.write_text(
        "env['mail.mail'].create({'subject': given['subject'], 'body_html': '<p>Hello</p>',"
        " 'email_to': 'reader@example.com', 'email_from': 'practice@example.com'}).send()"
    )
    stack.odoo.script(database, script, {"subject": "From Odoo"})
    assert inbox.wait_for("reader@example.com")["subject"] == "From Odoo"


def test_failing_script_says_why_in_one_line(stack, database, tmp_path):
    script = tmp_path / "fail.py"
    script.write_text("raise ValueError('the reason')")
    with pytest.raises(Failure, match="ValueError: the reason"):
        stack.odoo.script(database, script)


def test_translation_files_are_those_that_the_addon_gives(stack, database, tmp_path):
    folder = tmp_path / "i18n"
    shutil.copytree(texts.TEMPLATE.parent, folder)
    counts = stack.odoo.script(database, pot.SCRIPT, pot.given(folder))
    assert counts["texts"] > 2000
    for file in folder.iterdir():
        assert file.read_text() == (texts.TEMPLATE.parent / file.name).read_text(), file.name


def test_any_new_text_makes_the_translation_template_stale(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "ADDON", tmp_path)
    python = "class A:\n    _name = 'a'\n    one = fields.Char()\n    def f(self):\n        {}\n"
    xml = '<odoo><record id="a" model="ir.ui.view"><field name="arch">{}</field></record></odoo>'
    seen = set()
    for name, text in (
        ("a.py", python.format("return 1")),
        ("a.py", python.format("return self.env._('Two words')")),
        ("a.py", python.format("pass").replace("one", "other")),
        ("b.py", python.format("pass").replace("one", "other")),
        ("a.xml", xml.format("<p>Some <b>text</b></p>")),
        ("a.xml", xml.format("<p>Some <i>text</i></p>")),
        ("a.xml", xml.format('<field name="x" string="Some text"/>')),
        ("a.js", "const a = _t('Some text');"),
        ("a.csv", "id,name\n1,Some text\n"),
    ):
        for file in tmp_path.iterdir():
            file.unlink()
        (tmp_path / name).write_text(text)
        seen.add(texts.fingerprint())
    assert len(seen) == 9
    (tmp_path / "a.csv").unlink()
    (tmp_path / "a.py").write_text(python.format("return 1"))
    before = texts.fingerprint()
    (tmp_path / "a.py").write_text(python.format("return len('what no one reads')"))
    assert texts.fingerprint() == before


# === ONE AT A TIME, AND ALL OF IT GONE === #


def test_second_run_beside_the_first_is_refused_in_one_line(checkout):
    lock = checkout / ".run/run.lock"
    lock.parent.mkdir()
    lock.write_text("4711")
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = _dev(checkout, "run")
    assert second.returncode == 1
    assert second.stdout == ""
    assert second.stderr.startswith("error: the demo practice already runs here (process 4711)")
    assert second.stderr.count("\n") == 1


def test_children_end_with_a_parent_that_was_killed(tmp_path):
    code = (
        "import sys, time; from pathlib import Path\n"
        "from dev.environment.processes import Process\n"
        f"child = Process('child', ['sleep', '600'], Path({str(tmp_path / 'log')!r}))\n"
        "child.start(); print(child.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=paths.CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.kill()
    assert _ends(child)


def _ends(process, seconds=10):
    deadline = time.monotonic() + seconds
    # Nobody may be there to bury it.
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_killed_odoo_leaves_nothing_and_comes_back_on_its_port(start_server):
    server = start_server()
    family = [psutil.Process(server.process.pid)]
    family += family[0].children(recursive=True)
    server.kill()
    assert all(map(_ends, family))
    assert ports.is_free(server.port)
    server.start()
    with urllib.request.urlopen(f"{server.url}/web/login", timeout=60) as answer:
        assert answer.status == 200
    server.stop()
    assert ports.is_free(server.port)


def test_cluster_survives_a_crash_and_clean_removes_it(checkout):
    code = (
        "from dev.environment.postgres import Cluster\n"
        "cluster = Cluster('crash', durable=True)\n"
        "cluster.start(); print(cluster.home, flush=True)\n"
        "names = [row[0] for row in cluster.connection.query('SELECT datname FROM pg_database')]\n"
        "print('kept' in names, flush=True)\n"
        "cluster.connection.query('CREATE DATABASE kept') if 'kept' not in names else None\n"
        "cluster.processes[0].kill()"
    )
    lines = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=True
        )
        lines.append(done.stdout.splitlines()[-2:])
    (home, before), (_, after) = lines
    assert (before, after) == ("False", "True")
    kept = checkout / "dev/kept.txt"
    kept.touch()
    assert _dev(checkout, "clean").returncode == 0
    assert not Path(home).exists()
    assert not (checkout / ".run").exists()
    assert kept.exists()


def test_clean_refuses_while_something_runs(checkout):
    lock = checkout / ".run/test.lock"
    lock.parent.mkdir()
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused = _dev(checkout, "clean")
    assert refused.returncode == 1
    assert lock.exists()


# === PORTS === #


def test_taken_port_is_named_and_another_chosen(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        chosen = ports.choose_port("Odoo", port)
    assert chosen != port
    assert f"port {port} is taken" in capsys.readouterr().out


def test_runs_that_race_for_the_same_ports_all_come_up(stack, database, tmp_path):
    http, inbox, smtp, stripe = (ports.free_port() for _ in range(4))
    python = stack.odoo.python
    services = [
        service
        for folder in (tmp_path / "one", tmp_path / "other")
        for service in (
            OdooServer(stack.odoo, database, http),
            MailCatcher(python, folder, inbox, smtp),
            StripeFake(python, folder, stripe),
        )
    ]
    # A child ends with the thread that started it.
    with ThreadPoolExecutor(len(services)) as pool:
        try:
            list(pool.map(lambda service: service.start(), services))
            for service in services:
                with urllib.request.urlopen(service.url, timeout=60) as answer:
                    assert answer.status == 200
            # All had looked when the first one listened: each kind had to try once more.
            for one, other in zip(services[:3], services[3:], strict=True):
                assert one.port != other.port
                logs = [process.log.read_text().lower() for process in (one.process, other.process)]
                assert any(ports.TAKEN in log for log in logs)
        finally:
            for service in services:
                service.stop()


# === WHAT IS FETCHED === #


def _package(folder, content):
    """Build a real Debian package that holds `usr/bin/odoo`."""
    root = folder / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        "Package: odoo-19\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.com>\n"
        "Description: for a test\n"
    )
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/odoo").write_text(content)
    package = folder / "odoo.deb"
    subprocess.run(["dpkg-deb", "--build", root, package], check=True, capture_output=True)
    return package


def test_half_unpacked_odoo_is_unpacked_anew(tmp_path):
    package = _package(tmp_path, "whole")
    place = tmp_path / "odoo-19"
    for half in (place, tmp_path / "odoo-19.partial"):
        half.mkdir()
        (half / "rubbish").touch()
    odoo_source.unpack([package], place, tmp_path / "log")
    assert (place / "usr/bin/odoo").read_text() == "whole"
    assert not (place / "rubbish").exists()
    assert not (tmp_path / "odoo-19.partial").exists()


def test_damaged_package_leaves_nothing_that_passes_for_odoo(tmp_path):
    package = _package(tmp_path, "whole")
    package.write_bytes(package.read_bytes()[:-40])
    place = tmp_path / "odoo-19"
    with pytest.raises(Failure, match="dpkg-deb"):
        odoo_source.unpack([package], place, tmp_path / "log")
    assert not place.exists()


def test_package_lists_without_a_signature_are_refused(tmp_path, empty_cache, monkeypatch):
    for suite in odoo_source.SUITES:
        release = tmp_path / "mirror/dists" / suite / "Release"
        release.parent.mkdir(parents=True)
        release.write_text(f"Suite: {suite}\nComponents: main\nArchitectures: all\n")
    monkeypatch.setenv("DEBIAN_MIRROR", f"file:{tmp_path}/mirror")
    monkeypatch.delenv("ODOO_HOME", raising=False)
    with pytest.raises(Failure, match="not signed"):
        odoo_source.odoo_source()
    assert not (empty_cache / "odoo-19").exists()


def test_own_tree_of_another_release_is_refused(tmp_path, monkeypatch):
    (tmp_path / "odoo").mkdir()
    (tmp_path / "odoo-bin").touch()
    (tmp_path / "odoo/release.py").write_text("version_info = (18, 0, 0, 'final', 0, '')\n")
    monkeypatch.setenv("ODOO_HOME", str(tmp_path))
    with pytest.raises(Failure, match=r"holds Odoo 18\.0; Odoo 19 is needed"):
        odoo_source.odoo_source()


def test_half_made_python_environment_is_made_anew(tmp_path, empty_cache, monkeypatch):
    monkeypatch.setattr(python_env, "REQUIREMENTS", tmp_path)
    (tmp_path / "nothing.lock").write_text("# no package\n")
    half = python_env.place_of("nothing")
    half.mkdir(parents=True)
    (half / "rubbish").touch()
    python = python_env.python_for("nothing")
    assert python.is_relative_to(half)
    assert not (half / "rubbish").exists()
    assert subprocess.run([python, "-c", ""], check=True).returncode == 0


def test_changed_lock_makes_another_python_environment(tmp_path, empty_cache, monkeypatch):
    monkeypatch.setattr(python_env, "REQUIREMENTS", tmp_path)
    lock = tmp_path / "nothing.lock"
    lock.write_text("# no package\n")
    before = python_env.place_of("nothing")
    lock.write_text("# no package, again\n")
    assert python_env.place_of("nothing") != before


def test_addon_is_installed_anew_when_a_file_changed_but_not_for_a_test(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "ADDON", tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "model.py").write_text("one")
    before = addon.fingerprint()
    (tmp_path / "tests/test_model.py").write_text("tested")
    assert addon.fingerprint() == before
    (tmp_path / "model.py").write_text("two")
    assert addon.fingerprint() != before
