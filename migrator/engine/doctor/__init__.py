"""What stands in the way of a migration, found before it starts, and what it will probably take."""

from migrator.engine.doctor.checkup import doctor
from migrator.engine.doctor.diagnosis import Diagnosis, Part, Surroundings
from migrator.engine.doctor.estimate import Estimates, Rate, Rates
from migrator.engine.doctor.lone import Lone, look_at_platform

__all__ = ["Diagnosis", "Estimates", "Lone", "Part", "Rate", "Rates", "Surroundings", "doctor", "look_at_platform"]
