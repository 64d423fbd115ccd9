"""A FreeSWITCH's configuration, rendered from the settings and from the templates in ``freeswitch_conf/``."""

from robot.freeswitch.folder import Plan, plan_folder, write_folder
from robot.freeswitch.passwords import Passwords, gather_passwords
from robot.freeswitch.render import render

__all__ = ["Passwords", "Plan", "gather_passwords", "plan_folder", "render", "write_folder"]
