"""Opt-outs in words: a short answer that asks not to be written to."""

from __future__ import annotations

import re

from sending.bounces.kinds import Category, Evidence, Kind, Verdict
from sending.bounces.mail import Mail
from sending.bounces.quoting import split

_WHOLE = re.compile(
    r"^\W*(please\s+)?(unsubscribe|stop|remove( me)?|opt[ -]?out|no thanks?,? (please )?(remove|unsubscribe)( me)?"
    r"|abmelden|austragen|désinscrire|desinscribir|baja|wypisz( mnie)?|afmelden|cancellami|cancellatemi|descadastrar"
    r"|avregistrera( mig)?|afmeld( mig)?|désabonner)( please| bitte)?\W*$",
    re.IGNORECASE,
)
_PHRASE = re.compile(
    r"(take|remove|delete|drop) (me|my (e-?mail|address|name|details)|us) (off|from)"
    r"|unsubscribe (me|us)|please remove me"
    r"|(do not|don't|never) (contact|e-?mail|write( to)?|message) (me|us)"
    r"|stop (e-?mail|contact|writ|messag|send)\w* (me|us)"
    r"|opt (me )?out|no (more|further) (e-?mails|messages)"
    r"|nehmen sie mich (bitte )?(aus|von)|bitte (abmelden|löschen)"
    r"|keine (weiteren |weitere )?(e-?mails|nachrichten|werbung)"
    r"|ne (m'|me )?(contactez|écrivez) plus|retirez[- ]moi|me désinscrire|désinscrivez"
    r"|no me (escriba|contacte|env[ií]e)|darme de baja|quite mi"
    r"|proszę (mnie )?(wypisać|usunąć)|nie (proszę )?pisać|wypisz mnie"
    r"|schrijf mij uit|verwijder mij|geen (verdere )?(e-?mails|berichten)"
    r"|(löschen|entfernen|streichen) sie (bitte )?(mich|uns|meine|unsere) |aus ihrem verteiler"
    r"|(schreiben|kontaktieren|mailen) sie (mir|mich|uns) (bitte )?nicht (mehr|wieder)"
    r"|\b(me|nous) (retirer|désabonner|désinscrire|enlever|supprimer) |ne plus (me|m'|nous) ?(contacter|écrire|envoyer)"
    r"|(supprimer|retirer|enlever) (mon|notre) (adresse|e-?mail|contact)"
    r"|(elim[ií]n|borr|qu[ií]t|retir)\w{1,5}me de |no (deseo|quiero) recibir"
    r"|(elimin|borr|quit)\w{1,4} mi (correo|dirección|e-?mail)"
    r"|(cancell|rimuov|togli)\w{0,5}(mi|ci) (da|dal)|(cancell|rimuov)\w{1,5} il mio (indirizzo|contatto)"
    r"|non (mi )?(scriv|contatt|invi)\w{1,8} più\s{0,3}([.!,]|$|e-?mail|mail|messaggi|nulla)"
    r"|non (desidero|voglio) (più )?ricevere"
    r"|usuni[ęe]ci[ea] (mnie|mojego|naszego)|usun(ąć|ięcie) (mój|moje|nasz) "
    r"|proszę (już )?(do mnie )?nie (pisać|wysyłać)"
    r"|(remov|retir|exclu)\w{1,4} (o |a )?(meu|minha|nosso) (e-?mail|endereço|contact?o|nome)"
    r"|(remov|retir|exclu)\w{1,3}-me d|me (remov|retir|exclu)\w{1,3} d|não (quero|desejo) (mais )?receber|descadastr"
    r"|não me (enviem?|escrevam?|contatem?|contactem?) mais\s{0,3}([.!,]|$|nada|e-?mail|mensage)"
    r"|(verwijder|haal) (me|ons|mijn adres) |(schrijf|meld) (me|ons) (uit|af)\b"
    r"|niet meer (mailen|contacteren|benaderen)"
    r"|sluta (skicka|mejla|maila|kontakta)|ta bort (mig|oss|min adress) |avregistrera (mig|oss)"
    r"|inga (fler|mer) (mejl|mail|e-post|utskick)"
    r"|(slet(te)?|fjerne?) (mig|os|min (e-?mail|adresse)|vores adresse)\b|afmeld (mig|os)\b"
    r"|(stop|hold op) med at (sende|skrive|kontakte|maile)|ikke flere (e-?)?mails",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"^\s*(re:\s*)?(unsubscribe([ +][\w-]{16,64})?|opt[ -]?out|remove|abmelden|stop)\s*$", re.IGNORECASE
)
MOST_WORDS = 60
# Rules that tell of a mail to the address for opt-outs, not of the words of an answer.
PROGRAM_RULES = frozenset({"x-apple-unsubscribe", "subject"})


def asked_by_program(mail: Mail) -> Verdict | None:
    """Return the verdict of an opt-out that a mail program sends when its "unsubscribe" is pressed, else None.

    Such a mail calls itself automatic, and is none the less the wish of a person.
    """
    if mail.header("x-apple-unsubscribe").lower() == "true":
        return _verdict("x-apple-unsubscribe", "true")
    return _verdict("subject", mail.subject) if _SUBJECT.match(mail.subject) else None


def opt_out(mail: Mail) -> Verdict | None:
    """Return the verdict of an opt-out, None for anything else. A long answer that mentions one is a human reply."""
    if _SUBJECT.match(mail.subject):
        return _verdict("subject", mail.subject)
    pieces = split(mail.text[:20_000])
    words = "\n".join([pieces.own, *_below_closing(pieces.signature)]).strip()
    if not words or len(words.split()) > MOST_WORDS:
        return None
    found = next((hit for line in words.split("\n") if (hit := _WHOLE.match(line.strip()))), None) or _PHRASE.search(
        words
    )
    return _verdict("words", found[0]) if found else None


def _below_closing(signature: str) -> list[str]:
    """Return what stands below "Thanks," where a name is expected: some put their wish there."""
    return [] if signature.startswith("--") else signature.split("\n")[1:2]


def _verdict(rule: str, words: str) -> Verdict:
    return Verdict(Kind.OPT_OUT, Category.NONE, (Evidence("opt-out", rule, words.strip()[:200]),), confidence=0.9)
