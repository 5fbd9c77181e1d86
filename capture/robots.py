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
        | wordpress | www-?data | receipts? | invoicing | tracking | shipment
        ) (?: $ | [._+=-] )
      # some of these are family names, which stand beside a dot
      | (?: ^ | [_+-] ) (?: owner | request | robot | bot | system | daemon | cron | nobody ) (?: $ | [_+=-] )
      | ^ (?: root | news | info-noreply | support | hello-noreply | service-noreply | helpdesk | jira | gitlab | github
        | confluence | redmine | bugzilla | trac | jenkins | buildbot | monit | nagios | zabbix | anacron | logwatch
        | calendar-server | calendar-notification | undisclosed-recipients ) (?: $ | [+=] )
      | ^ (?: msprvs1 | prvs ) = | ^ reply [+-] | ^ bounce
    """,
)


@lru_cache(maxsize=20_000)
def is_robot(handle: Handle) -> bool:
    """Whether this address is a machine's: nobody is reached by it, and nobody writes from it."""
    if handle.kind != "email":
        return False
    local = handle.value.rpartition("@")[0] or handle.value
    return _ROBOT.search(local) is not None


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
