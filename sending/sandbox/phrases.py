"""What the people of the sandbox write, in their languages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How a person takes the message."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


@dataclass(frozen=True, slots=True)
class Answer:
    """A person's words, without greeting and signature."""

    tone: Tone
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Absence:
    """An out-of-office note; date is the form in which it names the day of return (strftime)."""

    language: str
    subject: str
    text: str
    date: str


SIGN_OFFS = {
    "en": "Best regards,", "de": "Mit freundlichen Grüßen", "fr": "Bien cordialement,", "es": "Un saludo,",
    "pl": "Pozdrawiam", "nl": "Met vriendelijke groet,",
}  # fmt: skip

ANSWERS = (
    Answer(Tone.POSITIVE, "en", "Thanks for reaching out. This is interesting, could you send some times for a call?"),
    Answer(Tone.POSITIVE, "en", "Good timing, we were just discussing this. What does it cost for a team of twelve?"),
    Answer(Tone.POSITIVE, "en", "Sure, Thursday after two works for me.\nPlease bring the three numbers you mention."),
    Answer(Tone.POSITIVE, "de", "danke für die Nachricht. Das klingt spannend, haben Sie am Donnerstag Zeit?"),
    Answer(Tone.POSITIVE, "es", "Gracias por escribir. ¿Podemos hablar el martes por la mañana?"),
    Answer(Tone.POSITIVE, "pl", "dziękuję za wiadomość. Chętnie porozmawiam, proszę o propozycję terminu."),
    Answer(Tone.NEUTRAL, "en", "You should talk to my colleague in operations about this, I have copied her in."),
    Answer(Tone.NEUTRAL, "en", "Interesting, but this quarter is full. Please write again in the new year."),
    Answer(Tone.NEUTRAL, "fr", "Merci pour votre message. Pouvez-vous m'en dire un peu plus ?"),
    Answer(Tone.NEUTRAL, "nl", "bedankt voor uw bericht. Kunt u mij eerst wat meer informatie sturen?"),
    Answer(Tone.NEGATIVE, "en", "Thanks, but we already have a supplier that we are happy with."),
    Answer(Tone.NEGATIVE, "en", "We looked at something like this last year and decided against it. Good luck!"),
    Answer(Tone.NEGATIVE, "de", "vielen Dank, aber das ist für uns derzeit nicht interessant."),
    Answer(Tone.NEGATIVE, "fr", "Merci, mais nous ne sommes pas intéressés pour le moment."),
)

OPT_OUTS = (
    "Please remove me from your list.",
    "unsubscribe",
    "Bitte nehmen Sie mich aus dem Verteiler.",
    "Do not contact me again, please.",
)

ABSENCES = (
    Absence(
        "en",
        "Automatic reply: {subject}",
        "Thank you for your message. I am out of the office and will be back on {date}.\n"
        "Your message is not forwarded; in urgent cases please write to {colleague}.",
        "%-d %B %Y",
    ),
    Absence(
        "de",
        "Abwesenheitsnotiz: {subject}",
        "Vielen Dank für Ihre Nachricht. Ich bin bis {date} nicht im Büro.\n"
        "In dringenden Fällen wenden Sie sich bitte an {colleague}.",
        "%d.%m.%Y",
    ),
    Absence(
        "fr",
        "Réponse automatique : {subject}",
        "Bonjour,\n\nje suis absent du bureau, de retour le {date}.\nEn cas d'urgence : {colleague}.",
        "%d/%m/%Y",
    ),
    Absence(
        "es",
        "Respuesta automática: {subject}",
        "Gracias por su mensaje. Estoy fuera de la oficina hasta el {date}.\nPara urgencias, escriba a {colleague}.",
        "%d/%m/%Y",
    ),
    Absence(
        "pl",
        "Odpowiedź automatyczna: {subject}",
        "Dziękuję za wiadomość. Jestem poza biurem, wracam {date}.\nW pilnych sprawach proszę pisać na {colleague}.",
        "%Y-%m-%d",
    ),
    Absence(
        "nl",
        "Automatisch antwoord: {subject}",
        "Bedankt voor uw bericht. Ik ben afwezig en weer terug op {date}.\nBij spoed kunt u mailen naar {colleague}.",
        "%d.%m.%Y",
    ),
)

_GREETINGS = {
    "en": "Hi {name},", "de": "Guten Tag {name},", "fr": "Bonjour {name},", "es": "Hola {name},",
    "pl": "Dzień dobry {name},", "nl": "Beste {name},",
}  # fmt: skip


def greeting(language: str, name: str) -> str:
    """Return how a letter in this language begins; without a name its punctuation still fits."""
    return _GREETINGS[language].format(name=name).replace(" ,", ",")
