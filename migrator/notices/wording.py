"""What a mail says of a notice, in the languages people read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from migrator.notices.notice import About, Notice


@dataclass(frozen=True, kw_only=True)
class Wording:
    """One language. `names` are of runs and of what approval is asked for; what has none is called as it is."""

    names: Mapping[str, str]
    of_plan: str
    after_tenant: str
    said: Mapping[About, str]
    done: str
    verdicts: Mapping[str, str]
    test: str
    reason: str  # of {who}

    def subject(self, notice: Notice) -> str:
        """One sentence, without its full stop."""
        if notice.about is About.TEST:
            return self.test
        named = self.names.get(notice.what, notice.what)
        what = self.of_plan.format(name=named, plan=notice.plan) if notice.plan else named
        return self.after_tenant.format(tenant=notice.tenant, said=f"{what} {self._became(notice)}")

    def _became(self, notice: Notice) -> str:
        if notice.about is not About.DONE:
            return self.said[notice.about]
        return self.done + self.verdicts.get(notice.verdict, "")


_ENGLISH = Wording(
    names={
        "migrate": "migration",
        "roll back": "rollback",
        "erase": "acceptance for good",
        "prune": "forgetting of old runs",
        "retain": "removal of old archives and runs",
    },
    of_plan="{name} of {plan}",
    after_tenant="{tenant}: {said}",
    said={
        About.QUEUED: "waits for a worker",
        About.RUNNING: "has begun",
        About.PARKED: "was interrupted, and can go on",
        About.FAILED: "could not go on: somebody has to look",
        About.CANCELLED: "was given up",
        About.ASKED: "asks for your decision",
        About.GRANTED: "was approved",
        About.REFUSED: "was refused",
    },
    done="is done",
    verdicts={"green": ", green", "red": ", red"},
    test="this is a test, nothing happened",
    reason="{who}: {reason}",
)
_FRENCH = Wording(
    names={
        "snapshot": "l’instantané",
        "rehearsal": "la répétition",
        "migration": "la migration",
        "verification": "la vérification",
        "rollback": "le retour arrière",
        "restore": "la restauration",
        "closing": "la clôture",
        "removal": "la suppression",
        "migrate": "la demande de migration",
        "roll back": "la demande de retour arrière",
        "erase": "la demande d’acceptation définitive",
        "prune": "la demande d’oubli des exécutions anciennes",
        "retain": "la demande de suppression des archives et exécutions anciennes",
    },
    of_plan="{name} « {plan} »",
    after_tenant="{tenant} : {said}",
    said={
        About.QUEUED: "attend un exécutant",
        About.RUNNING: "a commencé",
        About.PARKED: "est en pause et peut reprendre",
        About.FAILED: "a échoué : quelqu’un doit s’en occuper",
        About.CANCELLED: "n’ira pas plus loin, comme demandé",
        About.ASKED: "attend votre décision",
        About.GRANTED: "est acceptée",
        About.REFUSED: "est refusée",
    },
    done="est à son terme",
    verdicts={"green": ", résultat vert", "red": ", résultat rouge"},
    test="ceci est un essai, il ne s’est rien passé",
    reason="{who} : {reason}",
)
_WORDINGS = {"en": _ENGLISH, "fr": _FRENCH}


def wording(language: str) -> Wording:
    """English where the language is not known."""
    return _WORDINGS.get(language, _ENGLISH)
