"""What stands in for the world outside, and the secrets that apps share with it."""

import stat
import threading

from monolith.config.capabilities import CAPABILITIES
from monolith.config.run.keys import app_secrets
from monolith.config.run.sandboxes import choose_sandboxes
from monolith.notifications.sandbox.server import MailServer

VARIABLES = {name for one in CAPABILITIES for name in one.environment}


def test_secrets_of_apps_are_made_once_and_kept(tmp_path):
    first = app_secrets(tmp_path / "keys")
    assert first.keys() == {name for name in VARIABLES if name.endswith("_SECRET")} >= {"PAYMENTS_WEBHOOK_SECRET"}
    assert min(map(len, first.values())) >= 32
    assert app_secrets(tmp_path / "keys") == first
    assert stat.S_IMODE((tmp_path / "keys" / "apps.json").stat().st_mode) == 0o600


def test_app_that_comes_later_gets_its_secret_and_others_keep_theirs(tmp_path):
    first = app_secrets(tmp_path)
    (tmp_path / "apps.json").write_text('{"SHIPPING_WEBHOOK_SECRET": "kept"}')
    later = app_secrets(tmp_path)
    assert (later["SHIPPING_WEBHOOK_SECRET"], later.keys()) == ("kept", first.keys())


def test_every_sandbox_is_known_by_a_variable_of_an_app():
    chosen = choose_sandboxes(usual_ports=False, avoid=[])
    assert {sandbox.variable for sandbox in chosen} <= VARIABLES
    assert len({sandbox.port for sandbox in chosen}) == len(chosen)


def test_sandbox_tells_the_host_that_it_is_told_of():
    program = choose_sandboxes(usual_ports=False, avoid=[])[0].program("http://here", {})
    assert program.argv[-2:] == ("--webhooks", "http://here/api/payments/webhooks")
    assert not program.ready()


def test_mail_server_tells_nobody_and_is_ready_when_it_listens(tmp_path):
    (mails,) = (one for one in choose_sandboxes(usual_ports=False, avoid=[]) if one.scheme == "smtp")
    assert "--webhooks" not in mails.program("http://here", {}).argv
    assert not mails.answers()
    with MailServer(("127.0.0.1", mails.port), tmp_path) as server:
        threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True).start()
        assert mails.answers()
        server.shutdown()
