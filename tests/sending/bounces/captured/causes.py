"""What goes wrong, each cause with its label, fixed before any report of it was read.

A server is asked to deliver a message to NAME@kunde.example. The scripted server behind it answers as the row says, or
the address itself is the cause. Labels are categories; the first is right, the others are accepted: a refusal for now
that has expired may be told as its cause or as temporary.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that goes wrong. answer: of the scripted server, "" where the recipient itself is the cause."""

    name: str
    labels: tuple[str, ...]
    answer: str = ""
    after_data: bool = False
    recipient: str = ""

    @property
    def address(self) -> str:
        return self.recipient or f"{self.name}@kunde.example"


_ROWS = """
gone1 | bad_mailbox | 550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table
gone2 | bad_mailbox | 550 Requested action not taken: mailbox unavailable
gone3 | bad_mailbox | 550 No such person at this address.
gone4 | bad_mailbox | 554 delivery error: dd This user doesn't have an account here (kunde.example) [-5]
gone5 | bad_mailbox | 550 5.4.1 Recipient address rejected: Access denied. [AM0EUR02FT012.eop-EUR02.prod.protection.test]
gone6 | bad_mailbox | 550 Unrouteable address
gone7 | bad_mailbox | 511 sorry, no mailbox here by that name (#5.1.1 - chkuser)
gone8 | bad_mailbox | 550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient.
gone9 | bad_mailbox | 550 5.1.0 Address rejected: we have no employee of that name
left1 | inactive_mailbox,bad_mailbox | 550 5.2.1 The email account that you tried to reach is disabled.
left2 | inactive_mailbox,bad_mailbox | 550 5.7.1 This employee has left the company, the mailbox is closed
left3 | inactive_mailbox,bad_mailbox | 551 5.1.6 The recipient has moved, no forwarding address is known
left4 | inactive_mailbox,bad_mailbox | 550 Account suspended, contact the owner of the domain
full1 | mailbox_full | 552 5.2.2 <{to}>: user is over quota
full2 | mailbox_full | 554 Storage allocation of this mailbox exceeded
full3 | mailbox_full | 550 5.7.1 The mailbox has no room left for your message
full4 | mailbox_full,temporary | 452 4.2.2 The recipient's inbox is out of storage space
size1 | message_format | 552 5.3.4 Message size exceeds fixed limit | data
size2 | message_format | 552 Sorry, your message is larger than 10 MB, which is the most we take | data
form1 | message_format | 550 5.6.0 Your message has two From headers, which RFC 5322 does not allow | data
spam1 | content_block | 554 5.7.1 Message rejected as spam by content filtering | data
spam2 | content_block | 550 This message scored 14.2 points, the limit for unwanted mail is 8 | data
spam3 | content_block | 552 5.7.0 This message was blocked because its content presents a potential security issue | data
spam4 | content_block | 550 5.7.1 A link in your message leads to a website that is known for phishing | data
spam5 | content_block | 554 5.7.1 Looks like unsolicited bulk mail to us, sorry | data
listed1 | reputation_block | 554 5.7.1 Service unavailable; Client host [203.0.113.7] blocked using zen.blocklist.test
listed2 | reputation_block | 550 5.7.1 203.0.113.7 has a poor reputation with us, ask your provider
listed3 | reputation_block | 550 5.7.606 Access denied, banned sending IP [203.0.113.7]
listed4 | reputation_block | 553 sorry, your mail server is on our local denylist
listed5 | reputation_block,rate_limited,temporary | 421 4.7.0 [TSS04] Messages from 203.0.113.7 temporarily deferred due to complaints
auth1 | auth_failed | 550 5.7.26 This mail has been blocked because the sender is unauthenticated. | data
auth2 | auth_failed | 550 5.7.1 203.0.113.7 is not among the hosts that acme.example lists in its SPF record
auth3 | auth_failed,reputation_block | 550 The address 203.0.113.7 has no reverse name in DNS, see RFC 1912
auth4 | auth_failed | 554 5.7.1 Rejected as the DMARC policy of acme.example asks for | data
auth5 | auth_failed | 550 5.7.20 No valid DKIM signature was found on your message | data
rate1 | rate_limited,temporary | 450 4.7.1 You have sent too many messages within an hour, slow down
rate2 | rate_limited | 550 5.4.5 Your account has used up its daily sending quota
relay1 | sender_config | 550 5.7.1 <{to}>: Relay access denied
relay2 | sender_config | 550 relaying not permitted, please authenticate first
sender1 | sender_config | 553 5.1.8 <me@acme.example>: Sender address rejected: Domain not found
sender2 | sender_config | 530 5.7.0 This server takes mail over an encrypted connection only
policy1 | policy_block | 550 5.7.1 This recipient takes mail from colleagues only
policy2 | policy_block | 554 5.7.1 The person you write to has put you on their block list
policy3 | policy_block | 550 5.7.1 Only members may post to this group
grey1 | temporary | 451 4.7.1 Greylisted, come back in 300 seconds
slow1 | temporary | 451 4.3.0 Temporary lookup failure
slow2 | temporary | 452 4.3.1 Insufficient system storage
slow3 | temporary | 451 Local error in processing, please try again later
host1 | bad_domain | 554 5.1.2 We do not host mail for kunde.example any more
"""
_PLACES = (
    Cause("nxdomain", ("bad_domain",), recipient="anna@nowhere.example"),
    Cause("nullmx", ("bad_domain",), recipient="anna@nomail.example"),
    Cause("norecord", ("bad_domain",), recipient="anna@empty.example"),
    Cause("closed", ("temporary", "bad_domain"), recipient="anna@closed.example"),
    Cause("local", ("bad_mailbox",), recipient="nobody-here@mta.example"),
)


def _read(row: str) -> Cause:
    name, labels, answer, *data = (part.strip() for part in row.split(" | "))
    return Cause(name, tuple(labels.split(",")), answer.format(to=f"{name}@kunde.example"), bool(data))


CAUSES = {one.name: one for one in (*map(_read, _ROWS.strip().splitlines()), *_PLACES)}
