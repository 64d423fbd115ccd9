"""The rendered files: well formed, complete, saying what the settings say, with nothing in them that breaks out."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree

import pytest

from robot.errors import ConfigError
from robot.freeswitch import Passwords, render
from robot.settings import Settings, load_settings

Tree = dict[str, ElementTree.Element]


def trees(files: dict[str, str]) -> Tree:
    return {path: ElementTree.fromstring(text) for path, text in files.items() if path.endswith(".xml")}


def params(element: ElementTree.Element | None) -> dict[str, str]:
    assert element is not None
    return {one.attrib["name"]: one.attrib["value"] for one in element.iter("param")}


def globals_of(tree: Tree) -> dict[str, str]:
    return dict(one.attrib["data"].split("=", 1) for one in tree["vars.xml"])


def route(context: ElementTree.Element, number: str, *, address: str = "198.51.100.1") -> tuple[str, dict[str, str]]:
    """What the dialplan does with a number: (application that ends it, variables set before)."""
    variables: dict[str, str] = {}
    for extension in context:
        applications: list[tuple[str, str]] = []
        for condition in extension:
            fields = {"destination_number": number, "network_addr": address, None: ""}
            field = condition.get("field")
            value = variables.get("allobot_scenario", "") if field == "${allobot_scenario}" else fields[field]
            if not re.search(condition.get("expression", ""), value):
                if condition.get("break") != "never":
                    break
                continue
            for action in condition:
                if action.get("inline"):
                    name, _, text = action.attrib["data"].partition("=")
                    variables[name] = text
                applications.append((action.attrib["application"], action.get("data", "")))
        else:
            if extension.get("continue") != "true":
                name, data = applications[-1]
                return f"{name} {data}".strip(), variables
    raise AssertionError("the dialplan has no end")


@pytest.fixture
def files(settings: Settings, passwords: Passwords) -> dict[str, str]:
    return render(settings, passwords)


@pytest.fixture
def tree(files: dict[str, str]) -> Tree:
    return trees(files)


def test_every_file_is_well_formed_and_named_by_another(files: dict[str, str], tree: Tree) -> None:
    assert set(files) - set(tree) == {"passwords/esl", "passwords/softphones/alice", "passwords/softphones/1002"}
    included = {"freeswitch.xml"}
    for path, root in tree.items():
        for one in root.iter("X-PRE-PROCESS"):
            if one.get("cmd") == "include":
                parts = list(PurePosixPath(path).parent.parts)
                for part in PurePosixPath(one.attrib["data"]).parts:
                    parts = parts[:-1] if part == ".." else [*parts, part]
                included.add("/".join(parts))
    assert included == set(tree)


def test_the_shipped_defaults_render() -> None:
    tree = trees(render(load_settings([], [], {}), Passwords("e", {"1001": "a", "1002": "b"}, {})))
    assert not [path for path in tree if "gateways/" in path]
    assert params(tree["sip_profiles/internal.xml"])["tls"] == "false"
    assert route(tree["dialplan/public.xml"], "33123456789")[0] == "hangup UNALLOCATED_NUMBER"
    assert route(tree["dialplan/softphones.xml"], "9196")[0] == "echo"


def test_same_arguments_same_text(settings: Settings, passwords: Passwords) -> None:
    assert render(settings, passwords) == render(settings, passwords)


def test_the_core(tree: Tree) -> None:
    core = params(tree["autoload_configs/switch.conf.xml"])
    assert (core["rtp-start-port"], core["rtp-end-port"], core["loglevel"]) == ("16384", "32768", "warning")
    variables = globals_of(tree)
    assert (variables["domain"], variables["codecs"]) == ("192.168.1.10", "PCMA,PCMU,G722,OPUS")
    assert (variables["media_timeout"], variables["outbound_redirect_fatal"]) == ("60000", "true")
    assert {name for name in variables if name.startswith("STREAM_")} >= {"STREAM_BUFFER_SIZE", "STREAM_HEART_BEAT"}


@pytest.mark.parametrize(("codec", "wanted"), [("PCMA", set()), ("G722", {"mod_spandsp"}), ("OPUS", {"mod_opus"})])
def test_codec_modules_are_loaded_when_wanted(
    codec: str, wanted: set[str], make_settings: Any, passwords: Passwords
) -> None:
    settings = make_settings("{}", f"freeswitch.codecs=[{codec}]", "freeswitch.softphones=[]")
    loads = trees(render(settings, passwords))["autoload_configs/modules.conf.xml"].iter("load")
    modules = {one.attrib["module"] for one in loads}
    assert modules & {"mod_spandsp", "mod_opus"} == wanted
    assert {"mod_audio_stream", "mod_sofia", "mod_event_socket", "mod_sndfile"} <= modules


def test_the_event_socket_has_a_password_and_a_list(tree: Tree) -> None:
    socket = params(tree["autoload_configs/event_socket.conf.xml"])
    assert (socket["listen-ip"], socket["listen-port"], socket["password"]) == ("192.168.1.10", "8099", "esl-secret-1")
    assert socket["apply-inbound-acl"] == "robots"
    lists = {one.attrib["name"]: one for one in tree["autoload_configs/acl.conf.xml"].iter("list")}
    allowed = {name: [node.attrib["cidr"] for node in one] for name, one in lists.items()}
    assert allowed["robots"] == ["127.0.0.0/8", "192.168.1.20/32"]
    assert allowed["carriers"] == ["192.168.1.10/32", "198.51.100.0/28", "198.51.100.7/32"]
    assert {one.attrib["default"] for one in lists.values()} == {"deny"}


def test_strangers_are_refused_by_both_profiles(tree: Tree) -> None:
    internal, external = params(tree["sip_profiles/internal.xml"]), params(tree["sip_profiles/external.xml"])
    assert (internal["auth-calls"], internal["accept-blind-reg"], internal["accept-blind-auth"]) == (
        "true",
        "false",
        "false",
    )
    assert (external["apply-inbound-acl"], external["disable-register"]) == ("carriers", "true")
    assert external["disable-transfer"] == "true"
    assert (internal["context"], external["context"]) == ("softphones", "public")
    assert (internal["tls-sip-port"], external["tls-sip-port"]) == ("5061", "5081")
    assert (external["ext-rtp-ip"], external["ext-sip-ip"]) == ("203.0.113.9", "203.0.113.9")


def test_gateways(tree: Tree) -> None:
    register, trunk = (params(tree[f"sip_profiles/gateways/{name}.xml"]) for name in ("carrier", "trunk"))
    assert (register["register"], register["username"], register["password"]) == ("true", "me", "carrier-secret")
    assert (register["proxy"], register["realm"]) == ("sip.example.com:5060", "sip.example.com")
    assert register["caller-id-in-from"] == "true"
    assert "password" not in trunk
    assert (trunk["register"], trunk["proxy"], trunk["register-transport"]) == ("false", "198.51.100.7:5061", "tls")
    assert (trunk["from-user"], trunk["caller-id-in-from"], trunk["ping"]) == ("+33100000000", "false", "30")
    secure = {
        one.attrib["name"]: one.attrib["value"] for one in tree["sip_profiles/gateways/trunk.xml"].iter("variable")
    }
    assert secure == {"sip_cid_type": "none", "rtp_secure_media": "optional"}


def test_softphones(files: dict[str, str], tree: Tree) -> None:
    users = {one.attrib["id"]: params(one)["password"] for one in tree["directory/default.xml"].iter("user")}
    assert users == {"alice": "alice-secret", "1002": "other-secret"}
    assert files["passwords/softphones/alice"] == "alice-secret\n"
    dial_string = params(tree["directory/default.xml"])["dial-string"]
    assert dial_string.startswith("{sip_invite_domain=$${domain},")
    assert dial_string.endswith(",rtp_secure_media=mandatory}${sofia_contact(internal/${dialed_user}@$${domain})}")


@pytest.mark.parametrize(
    ("context", "number", "end", "scenario", "key"),
    [
        ("public", "33123456789", "park", "appointment_fr", "33123456789"),
        ("public", "+33123456789", "park", "appointment_fr", "33123456789"),
        ("public", "0033123456789", "park", "appointment_fr", "33123456789"),
        ("public", "44200000", "park", "appointment_en", "44200000"),
        ("public", "133123456789", "park", "appointment_en", None),
        ("public", "5000", "park", "appointment_en", None),
        ("softphones", "5000", "park", "appointment_fr", "5000"),
        ("softphones", "*98#", "park", "appointment_en", "*98#"),
        ("softphones", "+33123456789", "park", "appointment_fr", "33123456789"),
        ("softphones", "9196", "echo", None, None),
    ],
)
def test_who_answers(tree: Tree, context: str, number: str, end: str, scenario: str | None, key: str | None) -> None:
    reached, variables = route(tree[f"dialplan/{context}.xml"], number)
    assert reached == end
    assert (variables.get("allobot_scenario"), variables.get("allobot_inbound")) == (scenario, key)


@pytest.mark.parametrize("number", ["133123456789", "331234567890", "5000", "0612345678", "x${y}", "9196", ""])
def test_what_is_not_listed_is_refused(make_settings: Any, passwords: Passwords, number: str) -> None:
    text = 'inbound: {numbers: {"33123456789": a}}\nfreeswitch: {softphones: []}'
    public = trees(render(make_settings(text), passwords))["dialplan/public.xml"]
    assert route(public, number)[0] == "hangup UNALLOCATED_NUMBER"
    assert route(public, "9196", address="192.168.1.10")[0] == "hangup UNALLOCATED_NUMBER"
    assert route(public, "9196", address="127.0.0.1")[0] == "echo"


def test_a_call_that_nobody_takes_ends(tree: Tree) -> None:
    robot = next(one for one in tree["dialplan/public.xml"] if one.attrib["name"] == "robot")
    actions = [(one.attrib["application"], one.get("data")) for one in robot.iter("action")]
    assert ("set", "park_timeout=360:NORMAL_CLEARING") in actions
    assert actions[-2:] == [("answer", None), ("park", None)]


def test_a_password_stays_text(settings: Settings, passwords: Passwords) -> None:
    odd = "a\"b<c>&d'e{f}g%h$i;j#k--><!--"
    files = render(settings, replace(passwords, softphones={"alice": odd, "1002": odd}, esl=odd))
    tree = trees(files)
    assert params(tree["autoload_configs/event_socket.conf.xml"])["password"] == odd
    assert {params(one)["password"] for one in tree["directory/default.xml"].iter("user")} == {odd}
    assert files["passwords/esl"] == f"{odd}\n"


@pytest.mark.parametrize("bad", ["a${b}", "$${domain}", "a\nb", "a\0b", "x-PRE-process", "a\x85b", "a\u2028b"])
def test_what_freeswitch_would_not_leave_alone_is_refused(settings: Settings, passwords: Passwords, bad: str) -> None:
    with pytest.raises(ConfigError) as caught:
        render(settings, replace(passwords, gateways={"carrier": bad}))
    assert bad not in str(caught.value)
    with pytest.raises(ConfigError):
        render(settings, replace(passwords, esl=bad))
