"""Words of French and English that decide what an utterance is about: negations, agreement, questions. All folded.

The two languages share one list each: hardly a word of one means something else in the other, and callers mix them.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(phrase.split()) for phrase in text.split("|"))


AGREEMENT = _words(
    "oui ouais ouaip ok okay accord bon bien tres parfait super entendu volontiers voila exact exactement si non nan"
    " yes yeah yep yup sure right fine good great alright absolutely no nope nah"
)
"""said to agree or refuse, and just as often to open a sentence about something else"""

LIGHT = AGREEMENT | _words(
    "voudrais voudrait veux aimerais souhaite souhaiterais peux pouvez pourrais pourriez faire faut vous nous pour dans"
    " avec cela rendez would like want need could please with have that this will"
)
"""tell little about what is wanted"""

GREETINGS = _words("allo bonjour bonsoir salut hello hi hey oui yes qui est la c there anybody quelqu un")

NEGATORS = _words("pas jamais ne n not never")
TRAILING_NEGATORS = _words("pas jamais")
"""spoken French drops the « ne »: « je confirme pas »"""

NOT_NEGATIVE = _phrases(
    "pas de souci|pas de soucis|pas de probleme|pas de problemes|pourquoi pas|n est ce pas|not a problem|why not"
)

SUBJECTS = _words("je j tu il elle on nous vous ils elles c i we you he she they it")
"""begin a new clause: what was negated before them stays there …"""
LINKS = _words("que qu think believe sure that crois pense")
"""… unless one of these stands between (« je ne pense pas que je vienne »)"""
CONJUNCTIONS = _words("mais donc alors car parce et but so because and then")

CORRECTIONS = _words("non plutot finalement no rather actually instead")
"""take back what was said before"""

QUESTIONS = _phrases(
    "combien|comment|pourquoi|quand|quel|quelle|quels|quelles|lequel|quoi|est ce que|est ce qu|qu est ce|c est qui"
    "|ou se trouve|ou est|ou sont|ou etes|c est ou|y a t il|il y a un|faut il|peut on|puis je|savoir si"
    "|je voudrais savoir|dites moi|pouvez vous me|pourriez vous me|avez vous|etes vous"
    "|what|where|when|how|which|who|why|whose|do you|does it|do i|is there|are there|is it|are you|can i|can you"
    "|could you|should i|tell me|i d like to know|may i"
)
