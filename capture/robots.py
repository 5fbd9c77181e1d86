"""Addresses that no person reads or writes: told by their local part alone."""

from __future__ import annotations

import re
from functools import lru_cache

from connectors.base import Handle

_ROBOT = re.compile(
    r"""(?x) (?: ^ | [._+-] ) (?:
        no[._-]?reply s? | do[._-]?not[._-]?reply | dont[._-]?reply | nicht-?antworten | ne-?pas-?repondre | no-?responder
        | mailer-?daemon | postmaster | bounces? | bounced? | return-?path | verp
        | notifications? | notify | notifier | alerts? | updates | digest | newsletters? | mailings? | mailer | auto-?confirm
        | autoreply | auto-?responder | unsubscribe | listserv | majordomo | mailman
        | rss | rss-?feeds? | feeds | rss2e?mail | feedburner | distribution | announce(?:ments?)?
        | wordpress | www-?data | receipts? | invoicing | tracking | shipment
        ) (?: $ | [._+=-] )
      # some of these are family names, which stand beside a dot
      | (?: ^ | [_+-] ) (?: owner | request | robot | bot | system | daemon | cron | nobody ) (?: $ | [_+=-] )
      | ^ (?: root | news | info-noreply | support | hello-noreply | service-noreply | helpdesk | jira | gitlab
        | confluence | redmine | bugzilla | trac | jenkins | buildbot | monit | nagios | zabbix | anacron | logwatch
        | calendar-server | calendar-notification | undisclosed-recipients ) (?: $ | [+=] )
      | ^ (?: msprvs1 | prvs ) = | ^ reply [+-] | ^ bounce
    """,
)


def is_robot(handle: Handle) -> bool:
    """Whether this address is a machine's: nobody is reached by it, and nobody writes from it."""
    return handle.kind == "email" and _is_robot(handle.value)


@lru_cache(maxsize=20_000)
def _is_robot(address: str) -> bool:
    return _ROBOT.search(address.rpartition("@")[0] or address) is not None


_RELAY = re.compile(
    # alice@users.noreply.github.com is one account, under which its owner commits
    r"""(?x) ^ (?: lists? | groups | listserv | mailman | sympa | ml ) \. | ^ (?! users\.noreply\.github\.com$ ) (?: .*\. )? (?:
        googlegroups\.com | groups\.io | yahoogroups\. .* | freelists\.org | topicbox\.com | discoursemail\.com
        | reply\.github\.com | noreply\.github\.com | reply\.gitlab\.com | incoming\.gitlab\.com | docs\.google\.com
        | group\.calendar\.google\.com | resource\.calendar\.google\.com | calendar-server\.bounces\.google\.com
        | zendesk\.com | freshdesk\.com | intercom-mail\.com | helpscout\.net | helpscoutapp\.com | atlassian\.net
        | reply\.linkedin\.com | bounce\.linkedin\.com | facebookmail\.com | reply\.craigslist\.org
        | marketplace\.amazon\. .* | members\.ebay\. .* | mail\.ebay-kleinanzeigen\.de | mail\.kleinanzeigen\.de
        | guest\.booking\.com | property\.booking\.com | reply\.airbnb\.com | doodle\.com | calendly\.com
        ) $""",
)


@lru_cache(maxsize=20_000)
def is_relay(handle: Handle) -> bool:
    """Whether mail to or from this address goes on to others: a list, a ticket or calendar system, a market. It is nobody's.

    Told by the domain alone; what is said in such mail may well count.
    """
    return handle.kind == "email" and _RELAY.search(handle.value.rpartition("@")[2]) is not None


_ROLE = re.compile(
    r"""(?x) ^ (?: info | office | kontakt | contact | contacto | hello | hallo | hi | team | mail | post | sales | admin
        | buero | accounts? | billing | marketing | press | jobs | hr | family | familie | famille | familia | reception
        | sekretariat | secretary | service | shop | orders? | enquir(?:y|ies) | inquir(?:y|ies) | board | all | staff
        ) (?: $ | [._+-] | \d )""",
)


@lru_cache(maxsize=20_000)
def is_role(canonical: str) -> bool:
    """Whether a canonical e-mail handle is that of an office or a household, and not of one person."""
    kind, _, value = canonical.partition(":")
    return kind == "email" and _ROLE.search(value.rpartition("@")[0]) is not None
