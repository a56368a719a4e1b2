"""Set-ups of domains, right and wrong: what stands in the DNS, and what a check is to find."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sending.domains.judging.addresses import Lists, Zone
from sending.domains.judging.dkim import Selectors
from sending.domains.judging.findings import Check
from sending.domains.judging.spf import Senders
from sending.domains.judging.whole import Scope

GOOGLE = Senders(includes=(("Google Workspace", ("_spf.google.test", "google-spf.test")),))
OWN = Senders(addresses=("192.0.2.10",))
ZONES = (Zone("dnsbl.test", Lists.ADDRESSES), Zone("dbl.test", Lists.DOMAINS))


def _rsa(bits: int) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    return b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


RSA_2048, RSA_1024 = _rsa(2048), _rsa(1024)
# of 512 bits; cryptography makes none so short any more
RSA_512 = (
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKNJnGxmKvWQkoG1zvBzXD8bgzPU4ZwY"
    "J0/pWYQ0fA1WZUMP2HYnF2Zs0rKbL6C0kL6RD5bS5E2Nq0oFqSb0oaMCAwEAAQ=="
)
ED25519 = b64encode(
    ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
).decode()


def txt(name: str, *values: str) -> str:
    """Return the lines of TXT records of a name, long ones in strings."""
    rows = (" ".join(f'"{value[n : n + 200]}"' for n in range(0, max(1, len(value)), 200)) for value in values)
    return "\n".join(f"{name}. 60 IN TXT {row}" for row in rows)


@dataclass(frozen=True, slots=True)
class SetUp:
    """A domain as it stands in the DNS; finds: by check, the codes to be found, all of them."""

    name: str
    rows: str
    finds: dict[Check, set[str]]
    senders: Senders = field(default_factory=Senders)
    selectors: Selectors = field(default_factory=Selectors)
    zones: tuple[Zone, ...] = ()

    @property
    def domain(self) -> str:
        return f"{self.name}.test" if "." not in self.name else self.name

    @property
    def scope(self) -> Scope:
        return Scope(self.domain, self.senders, self.selectors, self.zones)


def spf(name: str, codes: str, *records: str, senders: Senders | None = None, more: str = "") -> SetUp:
    domain = name if "." in name else f"{name}.test"
    return SetUp(name, f"{txt(domain, *records)}\n{more}", {Check.SPF: set(codes.split())}, senders or Senders())


def dmarc(name: str, codes: str, *records: str, at: str = "", more: str = "") -> SetUp:
    domain = name if "." in name else f"{name}.test"
    rows = [f"{domain}. 60 IN A 192.0.2.1", txt(f"_dmarc.{at or domain}", *records) if records else "", more]
    return SetUp(name, "\n".join(rows), {Check.DMARC: set(codes.split())})


def dkim(name: str, codes: str, record: str | None, *, known: bool = True) -> SetUp:
    selectors = Selectors(known=("s1",)) if known else Selectors(usual=("s1", "s2"), providers=("Somebody",))
    rows = txt(f"s1._domainkey.{name}.test", record) if record is not None else f"{name}.test. 60 IN A 192.0.2.1"
    return SetUp(name, rows, {Check.DKIM: set(codes.split())}, selectors=selectors)


def other(name: str, check: Check, codes: str, rows: str, **values: object) -> SetUp:
    return SetUp(name, rows, {check: set(codes.split())}, **values)  # type: ignore[arg-type]


def _leaves(count: int) -> str:
    return " ".join(f"include:leaf{n}.test" for n in range(count))


_CHAIN = "\n".join(txt(f"i{n}.chain.test", f"v=spf1 include:i{n + 1}.chain.test ~all") for n in range(1, 13))
SETUPS = (
    # SPF
    spf("spf-good", "good", "v=spf1 include:_spf.google.test ~all", senders=GOOGLE),
    spf("spf-other-name", "good", "v=spf1 include:google-spf.test -all", senders=GOOGLE),
    spf("spf-plain", "good", "v=spf1 ip4:192.0.2.0/24 -all"),
    spf("spf-long-strings", "too_long", "v=spf1 " + " ".join(f"ip4:198.51.100.{n}" for n in range(40)) + " ~all"),
    spf("spf-beside-others", "good", "verification=x", "v=spf1 ip4:192.0.2.0/24 ~all", "v=spf10 ip4:1.2.3.4"),
    spf("spf-capitals", "good", "V=SPF1 IP4:192.0.2.1 -ALL"),
    spf("spf-missing", "missing", "something else"),
    spf("spf-only-almost", "missing", "v=spf1ip4:192.0.2.1 -all"),
    spf("spf-two", "broken", "v=spf1 ip4:192.0.2.1 -all", "v=spf1 ip4:192.0.2.2 -all"),
    spf("spf-misspelt", "broken", "v=spf1 inlcude:_spf.google.test ~all"),
    spf("spf-bad-network", "broken", "v=spf1 ip4:192.0.2.300 ~all"),
    spf("spf-six-as-four", "broken", "v=spf1 ip4:2001:db8::1 ~all"),
    spf("spf-long-mask", "broken", "v=spf1 a/33 ~all"),
    spf("spf-all-with-more", "broken", "v=spf1 ip4:192.0.2.1 -all:example.com"),
    spf("spf-include-of-nothing", "broken", "v=spf1 include: ~all"),
    spf("spf-include-void", "broken", "v=spf1 include:nobody.nowhere.test ~all"),
    spf("spf-include-no-spf", "broken", "v=spf1 include:no-spf.test ~all", more=txt("no-spf.test", "hello")),
    spf("spf-include-broken", "broken", "v=spf1 include:bad.sub.test ~all", more=txt("bad.sub.test", "v=spf1 foo:bar")),
    spf("spf-loop", "broken", "v=spf1 include:spf-loop.test ~all"),
    spf("spf-redirect-twice", "broken", "v=spf1 redirect=_spf.google.test redirect=_spf.google.test"),
    spf("spf-redirect", "good", "v=spf1 redirect=_spf.google.test", senders=GOOGLE),
    spf("spf-redirect-unused", "good", "v=spf1 ip4:192.0.2.1 redirect=nobody.nowhere.test ~all"),
    spf("spf-all-may", "lets_all_send", "v=spf1 ip4:192.0.2.1 +all"),
    spf("spf-no-all", "says_nothing_of_others", "v=spf1 ip4:192.0.2.1"),
    spf("spf-neutral", "says_nothing_of_others", "v=spf1 ip4:192.0.2.1 ?all"),
    spf("spf-ptr", "has_ptr", "v=spf1 ptr ip4:192.0.2.1 ~all"),
    spf("spf-eleven", "too_many_lookups", f"v=spf1 {_leaves(11)} ~all",
        more="\n".join(txt(f"leaf{n}.test", "v=spf1 ip4:192.0.2.1 ~all") for n in range(11))),
    spf("spf-ten", "at_the_limit", f"v=spf1 {_leaves(10)} ~all"),
    spf("spf-nested", "too_many_lookups broken", "v=spf1 include:i1.chain.test ~all", more=_CHAIN),
    spf("spf-voids", "too_many_voids", "v=spf1 a:v1.no.test a:v2.no.test mx:v3.no.test ip4:192.0.2.1 ~all"),
    spf("spf-two-voids", "good", "v=spf1 a:v1.nowhere.test a:v2.nowhere.test ip4:192.0.2.1 ~all"),
    spf("spf-macro", "good", "v=spf1 exists:%{i}._spf.%{d} include:%{d}.x.test ip4:192.0.2.1 ~all"),
    spf("spf-uncovered", "sender_not_covered", "v=spf1 ip4:192.0.2.0/24 ~all", senders=GOOGLE),
    spf("spf-address-covered", "good", "v=spf1 ip4:192.0.2.0/24 ~all", senders=OWN),
    spf("spf-address-bare", "address_not_covered", "v=spf1 ip4:198.51.100.0/24 ~all", senders=OWN),
    spf("spf-many-mx", "broken", "v=spf1 mx ~all",
        more="\n".join(f"spf-many-mx.test. 60 IN MX {n} m{n}.test." for n in range(11))),
    # DKIM
    dkim("dkim-good", "good:s1", f"v=DKIM1; k=rsa; p={RSA_2048}"),
    dkim("dkim-no-version", "good:s1", f"k=rsa; p={RSA_2048}"),
    dkim("dkim-ed25519", "good:s1", f"v=DKIM1; k=ed25519; p={ED25519}"),
    dkim("dkim-1024", "short:s1", f"v=DKIM1; p={RSA_1024}"),
    dkim("dkim-512", "too_short:s1", f"v=DKIM1; p={RSA_512}"),
    dkim("dkim-revoked", "revoked:s1", "v=DKIM1; p="),
    dkim("dkim-gone", "absent:s1", None),
    dkim("dkim-cut", "broken:s1", f"v=DKIM1; k=rsa; p={RSA_2048[:200]}"),
    dkim("dkim-no-base64", "broken:s1", "v=DKIM1; p=not base64!"),
    dkim("dkim-other-kind", "broken:s1", f"v=DKIM1; k=dsa; p={RSA_2048}"),
    dkim("dkim-trial", "good:s1 on_trial:s1", f"v=DKIM1; t=y:s; p={RSA_2048}"),
    dkim("dkim-guessed", "good:s1", f"v=DKIM1; p={RSA_2048}", known=False),
    dkim("dkim-not-guessed", "not_found", None, known=False),
    dkim("dkim-old-revoked", "not_found", "v=DKIM1; p=", known=False),
    # DMARC
    dmarc("dmarc-good", "good", "v=DMARC1; p=reject; rua=mailto:d@dmarc-good.test"),
    dmarc("dmarc-none", "asks_for_nothing", "v=DMARC1; p=none; rua=mailto:d@dmarc-none.test"),
    dmarc("dmarc-missing", "missing"),
    dmarc("dmarc-other-version", "missing", "v=DMARC2; p=none"),
    dmarc("dmarc-two", "many", "v=DMARC1; p=none", "v=DMARC1; p=reject"),
    dmarc("dmarc-no-reports", "good no_reports", "v=DMARC1; p=quarantine"),
    dmarc("dmarc-bad-reports", "good bad_report_address", "v=DMARC1; p=reject; rua=d@dmarc-bad-reports.test"),
    dmarc("dmarc-pct", "good gone_tags", "v=DMARC1; p=reject; pct=50; rua=mailto:d@dmarc-pct.test"),
    dmarc("dmarc-trial", "good in_test", "v=DMARC1; p=reject; t=y; rua=mailto:d@dmarc-trial.test"),
    dmarc("dmarc-no-policy", "no_policy", "v=DMARC1; rua=mailto:d@dmarc-no-policy.test"),
    dmarc("dmarc-bad-policy", "no_policy no_reports", "v=DMARC1; p=blok"),
    dmarc("dmarc-open-below", "good open_below", "v=DMARC1; p=reject; sp=none; rua=mailto:d@dmarc-open-below.test"),
    dmarc("dmarc-suffix", "good is_no_suffix", "v=DMARC1; p=reject; psd=y; rua=mailto:d@dmarc-suffix.test"),
    dmarc("a.b.above.test", "good", "v=DMARC1; p=none; sp=reject; rua=mailto:d@above.test", at="above.test"),
    dmarc("x.stopped.test", "asks_for_nothing", "v=DMARC1; p=none; psd=n; rua=mailto:d@stopped.test",
          at="stopped.test"),
    dmarc("one.suffix-of.test", "asks_for_nothing", "v=DMARC1; p=none; psd=y; rua=mailto:d@suffix-of.test",
          at="suffix-of.test", more=txt("one.suffix-of.test._report._dmarc.suffix-of.test", "v=DMARC1")),
    dmarc("a.b.c.d.e.f.g.h.long.test", "good", "v=DMARC1; p=reject; rua=mailto:d@long.test", at="long.test"),
    dmarc("dmarc-foreign", "good unauthorized_reports", "v=DMARC1; p=reject; rua=mailto:d@reports.elsewhere.test"),
    dmarc("dmarc-foreign-asked", "good", "v=DMARC1; p=reject; rua=mailto:d@taker.elsewhere.test",
          more=txt("dmarc-foreign-asked.test._report._dmarc.taker.elsewhere.test", "v=DMARC1")),
    # the way in
    other("mx-good", Check.MX, "good", "mx-good.test. 60 IN MX 10 mx.google.test.\nmx.google.test. 60 IN A 192.0.2.2"),
    other("mx-null", Check.MX, "null", "mx-null.test. 60 IN MX 0 ."),
    other("mx-missing", Check.MX, "missing", txt("mx-missing.test", "x")),
    other("mx-dead", Check.MX, "dead", "mx-dead.test. 60 IN MX 10 nobody.nowhere.test."),
    other("mx-half", Check.MX, "dead",
          "mx-half.test. 60 IN MX 10 mx.google.test.\nmx-half.test. 60 IN MX 20 nobody.nowhere.test."),
    other("sts-good", Check.MTA_STS, "good", txt("_mta-sts.sts-good.test", "v=STSv1; id=20261127")),
    other("sts-wrong", Check.MTA_STS, "wrong", txt("_mta-sts.sts-wrong.test", "v=STSv1;")),
    other("sts-none", Check.MTA_STS, "absent", txt("sts-none.test", "x")),
    other("tls-good", Check.TLS_RPT, "good", txt("_smtp._tls.tls-good.test", "v=TLSRPTv1; rua=mailto:t@tls-good.test")),
    other("tls-wrong", Check.TLS_RPT, "wrong", txt("_smtp._tls.tls-wrong.test", "v=TLSRPTv1; rua=nobody")),
    other("bimi-early", Check.BIMI, "wrong", txt("default._bimi.bimi-early.test", "v=BIMI1; l=https://x.test/a.svg")),
    other("bimi-good", Check.BIMI, "good", txt("default._bimi.bimi-good.test", "v=BIMI1; l=https://x.test/a.svg") + "\n"
          + txt("_dmarc.bimi-good.test", "v=DMARC1; p=quarantine")),
    # addresses
    other("rdns-good", Check.RDNS, "good:192.0.2.10",
          "10.2.0.192.in-addr.arpa. 60 IN PTR out.rdns-good.test.\nout.rdns-good.test. 60 IN A 192.0.2.10",
          senders=OWN),
    other("rdns-missing", Check.RDNS, "missing:192.0.2.11", txt("rdns-missing.test", "x"),
          senders=Senders(addresses=("192.0.2.11",))),
    other("rdns-elsewhere", Check.RDNS, "unconfirmed:192.0.2.12",
          "12.2.0.192.in-addr.arpa. 60 IN PTR out.else.test.\nout.else.test. 60 IN A 192.0.2.99",
          senders=Senders(addresses=("192.0.2.12",))),
    other("listed", Check.BLOCKLISTS, "listed:dnsbl.test:192.0.2.66 listed:dbl.test:listed.test",
          "66.2.0.192.dnsbl.test. 60 IN A 127.0.0.4\nlisted.test.dbl.test. 60 IN A 127.0.1.2\n"
          + txt("66.2.0.192.dnsbl.test", "seen sending spam"), senders=Senders(addresses=("192.0.2.66",)), zones=ZONES),
    other("clean", Check.BLOCKLISTS, "good", txt("clean.test", "x"), senders=OWN, zones=ZONES),
    other("refused", Check.BLOCKLISTS, "unknown:refusing.test:192.0.2.10", txt("refused.test", "x"), senders=OWN,
          zones=(Zone("refusing.test", Lists.ADDRESSES),)),
    other("lists-all", Check.BLOCKLISTS, "unknown:everything.test:192.0.2.10", txt("lists-all.test", "x"), senders=OWN,
          zones=(Zone("everything.test", Lists.ADDRESSES),)),
    other("list-gone", Check.BLOCKLISTS, "unknown:gone.test:192.0.2.10", txt("list-gone.test", "x"), senders=OWN,
          zones=(Zone("gone.test", Lists.ADDRESSES),)),
)  # fmt: skip
SHARED = "\n".join((
    txt("_spf.google.test", "v=spf1 ip4:203.0.113.0/24 ~all"),
    txt("google-spf.test", "v=spf1 ip4:203.0.113.0/24 ~all"),
    txt("i13.chain.test", "v=spf1 include:i14.nowhere.test ~all"),
    "2.0.0.127.dnsbl.test. 60 IN A 127.0.0.2",
    "test.dbl.test. 60 IN A 127.0.1.2",
    "2.0.0.127.refusing.test. 60 IN A 127.255.255.254",
    "2.0.0.127.everything.test. 60 IN A 127.0.0.2",
    "1.0.0.127.everything.test. 60 IN A 127.0.0.2",
))  # fmt: skip
ZONE = "\n".join([SHARED, *(one.rows for one in SETUPS)])
