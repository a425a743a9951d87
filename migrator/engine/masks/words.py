"""Words that masked values are made of: given names that fit anybody, surnames, and the sentence that replaces text."""

from __future__ import annotations

_GIVEN = """
Ada Adel Alex Alix Amal Andrea Ange Ariel Avery Blair Camille Casey Charlie Chris Claude Cleo Dana Dominique
Drew Eden Elia Ellis Finley Florence Frances Gabriel Glenn Hadley Harper Indigo Jackie Jamie Jess Jody Jordan
Jules Kai Kelly Kerry Kim Kris Lane Lee Leslie Lex Lou Luca Marion Max Maxime Merle Mika Morgan Nico Nikita
Noa Noor Pascal Pat Quinn Remy Rene Riley Robin Rory Rowan Sacha Sam Sandy Sasha Shannon Sidney Sky Stevie
Sunny Tal Taylor Terry Toni Tracy Val Vivian Wren Yael Yannick Yuri Zoe
"""
_FAMILY = """
Abel Achard Adler Alder Ambre Arnold Ashby Aubert Bailey Barker Barnier Beck Bell Berger Birch Blanc Bloom
Bois Bonnet Brandt Brook Brun Burton Calder Carver Castel Cedar Chapel Clair Cole Colin Cooper Corbin Cottage
Dale Daniel Delcourt Denis Dietz Duval Eber Eklund Elder Engel Faber Farrow Fischer Fleury Forest Foster
Fournel Frost Gale Garnier Gerber Gilbert Glover Granger Grove Haas Hale Hardy Hazel Henriot Hill Holm Hunter
Ivory Jansen Jolivet Keller Kern Kirsch Lake Lambert Lang Larch Laurent Leclair Lind Linden Lorne Maillard
Marsh Martel Mason Meadow Mercier Meyer Mills Monnier Moreau Neuville Noel North Oakes Olivier Orme Page
Palmer Parish Perrin Pilot Pine Porter Potter Prior Rain Reeve Renard Richter Rivet Rivers Roche Rosen Rowe
Sailor Sauvage Savoy Schreiner Seller Shaw Silver Slater Snow Sommer South Stein Stone Tanner Tessier Thorne
Tiller Tisserand Torrent Vale Vasseur Vernet Vidal Villard Vogel Wagner Walker Waters Weaver Weber Wells West
White Winter Wood Woods Yard Young
"""
GIVEN = tuple(_GIVEN.split())
FAMILY = tuple(_FAMILY.split())
REMOVED = "this text was removed "
