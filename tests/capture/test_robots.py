"""Which addresses nobody reads or writes, and which only look so."""

from __future__ import annotations

import pytest

from capture.robots import is_relay, is_robot
from connectors.base import Handle

ROBOTS = """
noreply no-reply no_reply no.reply+x do.not.reply NoReply noreply-1234 no-reply+abc shop-noreply shop.no-reply
noreplys no-responder donotreply do-not-reply do_not_reply donot-reply dont-reply nicht-antworten nichtantworten
ne-pas-repondre mailer-daemon MAILER-DAEMON mailerdaemon postmaster bounce bounces bounced bounce-77 bounce+a=b
bounces+12 msprvs1=x prvs=a notification notifications notify notifier orders-notifications account.notifications
alert alerts security-alerts updates digest weekly-digest newsletter newsletters shop-newsletter mailing mailings
mailer autoconfirm auto-confirm autoreply autoresponder auto-responder unsubscribe garden-unsubscribe listserv
majordomo mailman mailman-bounces garden-owner owner garden-request request robot bot github-bot my-bot system cron
root wordpress www-data wwwdata nobody receipt receipts invoicing tracking shipment verp return-path root+x news
news+de support support+1 helpdesk jira gitlab confluence redmine bugzilla trac jenkins nagios reply+abc123
rss rssfeeds rss-feed feeds blog-feeds announce ab-announcements distribution reply-77 undisclosed-recipients
calendar-notification
"""
PEOPLE = """
alice alerta.maria maria.alerta robotham botham talbot abbot jan.bot bot.jan james.owner s.cron robert.botte newsom
t.newsom newsham bowner owner1 cowner ownership browner systems systema systemova daemonova cronin cronenberg j.cronin
rooter root.anna rootes news.anna nobodyknows mailmann hr.mailmann digestive notifyme alerts2you postmasters
trackinger shipmenti receipta requests supporter anna.support github.anna jirasek jenkinson tracy updater
feed feeder russell cross announcer noreplyforever norepl reply replyanna info kontakt office hello contact praxis
service sales team admin webmaster hallo mail post büro github
"""


@pytest.mark.parametrize("local", ROBOTS.split())
def test_this_is_a_machine(local: str) -> None:
    assert is_robot(Handle("email", f"{local}@shop.example"))


@pytest.mark.parametrize("local", PEOPLE.split())
def test_this_may_be_a_person(local: str) -> None:
    assert not is_robot(Handle("email", f"{local}@shop.example"))


def test_the_domain_says_nothing() -> None:
    assert not is_robot(Handle("email", "alice@noreply.example"))
    assert not is_robot(Handle("email", "alice@bounces.shop.example"))


@pytest.mark.parametrize(
    "address",
    ["dev@lists.example.org", "anna@groups.example", "me@googlegroups.com", "reply+1@reply.github.com", "x@shop.zendesk.com",
     "kith@noreply.github.com", "abc@group.calendar.google.com", "x123@marketplace.amazon.de"],
)  # fmt: skip
def test_this_goes_on_to_others(address: str) -> None:
    assert is_relay(Handle("email", address))


@pytest.mark.parametrize(
    "address",
    ["alice@example.org", "lists@example.org", "alice@checklists.example", "alice@mylists.org", "7+a@users.noreply.github.com"],
)
def test_this_goes_to_one(address: str) -> None:
    assert not is_relay(Handle("email", address))


def test_a_machine_without_a_domain_is_one_too() -> None:
    assert is_robot(Handle("email", "root"))
    assert not is_robot(Handle("email", "alice"))


def test_only_mail_addresses_are_told_so() -> None:
    assert not is_robot(Handle("phone", "+49301"))
    assert not is_robot(Handle("name", "no-reply"))
    assert not is_robot(Handle("url", "https://noreply@shop.example"))
