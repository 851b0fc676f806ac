"""Silhouettes of what the shop sells, as fragments of SVG on a board of 800 by 800 with the ground at y = 620.

`body` is painted with the product's colour and its pattern; `detail` is drawn over it in `currentColor`, a darker shade.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """What one kind of thing looks like."""

    body: str
    detail: str = ""


SHAPES: Mapping[str, Shape] = {
    "mug": Shape(
        '<path d="M260 320h250v230q0 70-70 70H330q-70 0-70-70z"/>'
        '<path d="M510 370h40q70 0 70 70t-70 70h-40v-40h36q32 0 32-30t-32-30h-36z"/>',
        '<ellipse cx="385" cy="320" rx="125" ry="22" fill="currentColor"/>'
        '<path d="M340 270q-25-30 0-60t0-60M420 270q-25-30 0-60t0-60" opacity=".45"/>',
    ),
    "tumbler": Shape(
        '<path d="M290 230h220l-28 370q-2 20-22 20H340q-20 0-22-20z"/>',
        '<ellipse cx="400" cy="230" rx="110" ry="20" fill="currentColor"/><path d="M340 300l16 260" opacity=".5"/>',
    ),
    "bowl": Shape(
        '<path d="M190 400h420q0 170-140 205v15H330v-15Q190 570 190 400z"/>',
        '<ellipse cx="400" cy="400" rx="210" ry="38" fill="currentColor"/>',
    ),
    "plate": Shape(
        '<circle cx="400" cy="410" r="210"/>',
        '<circle cx="400" cy="410" r="150" opacity=".55"/><circle cx="400" cy="410" r="196" opacity=".35"/>',
    ),
    "board": Shape(
        '<path d="M270 330q0-30 30-30h70v-90q0-30 30-30t30 30v90h70q30 0 30 30v260q0 30-30 30H300q-30 0-30-30z"/>',
        '<circle cx="400" cy="215" r="12" fill="currentColor"/><path d="M310 380h180M310 440h140M310 500h180" opacity=".4"/>',
    ),
    "cutlery": Shape(
        '<path d="M270 190v130q0 40 32 48v232q0 20 18 20t18-20V368q32-8 32-48V190h-18v120h-22V190h-20v120h-22V190z"/>'
        '<path d="M470 190q60 30 60 190v40h-36v180q0 20-18 20t-18-20V190z"/>',
    ),
    "knife": Shape(
        '<path d="M150 470L480 330q60-24 90-20L520 390 190 530z"/>'
        '<path d="M560 300l120-52q24-8 32 12t-14 32l-128 56z" opacity=".8"/>',
        '<circle cx="610" cy="302" r="8" fill="currentColor"/><circle cx="660" cy="280" r="8" fill="currentColor"/>',
    ),
    "pot": Shape(
        '<path d="M230 390h340v170q0 60-60 60H290q-60 0-60-60z"/><path d="M215 380q10-70 185-70t185 70z"/>'
        '<path d="M160 430h70v40h-50q-20 0-20-20zM640 430h-70v40h50q20 0 20-20z"/><circle cx="400" cy="295" r="24"/>',
        '<path d="M215 386h370"/>',
    ),
    "pan": Shape(
        '<path d="M130 460h350q0 110-80 120H210q-80-10-80-120z"/><path d="M470 468l210-70q24-6 30 14t-16 28L478 510z"/>',
        '<ellipse cx="305" cy="460" rx="175" ry="30" fill="currentColor"/>',
    ),
    "kettle": Shape(
        '<path d="M270 400q10-110 130-110t130 110l30 170q6 50-50 50H290q-56 0-50-50z"/>'
        '<path d="M535 430l95-90 40 24-110 150z"/><circle cx="400" cy="276" r="18"/>',
        '<path d="M270 380q-10-190 130-190t130 190" stroke-width="18"/><path d="M262 400h276" opacity=".5"/>',
    ),
    "cushion": Shape(
        '<path d="M210 250q190 34 380 0q-34 180 0 360q-190-34-380 0q34-180 0-360z"/>',
        '<path d="M236 276q164 26 328 0q-26 154 0 308q-164-26-328 0q26-154 0-308z" opacity=".5" stroke-dasharray="10 12"/>',
    ),
    "blanket": Shape(
        '<path d="M220 330q0-60 60-60h260q60 0 60 60v250H220z"/><path d="M200 560h420v60H200z"/>',
        '<path d="M220 390h380M220 450h380M220 510h380" opacity=".5"/>'
        '<path d="M210 620v26M250 620v26M290 620v26M330 620v26M370 620v26M410 620v26M450 620v26M490 620v26M530 620v26M570 620v26M610 620v26"/>',
    ),
    "lamp": Shape(
        '<path d="M320 200h160l70 190H250z"/><path d="M370 410h60l30 170H340z"/><path d="M310 590q0-16 16-16h148q16 0 16 16v30H310z"/>',
        '<path d="M400 390v30"/><path d="M250 390h300" opacity=".5"/>',
    ),
    "pendant": Shape(
        '<path d="M370 330h60q130 40 150 190H220q20-150 150-190z"/><path d="M376 290h48v44h-48z"/>',
        '<path d="M400 60v230"/><ellipse cx="400" cy="520" rx="180" ry="24" fill="currentColor"/>'
        '<circle cx="400" cy="540" r="34" fill="#fff3c4" stroke="none"/>',
    ),
    "lantern": Shape(
        '<path d="M320 280h160l20 40H300z"/><path d="M300 570h200v50H300z"/><path d="M310 330h180v230H310z" opacity=".45"/>',
        '<path d="M330 280q0-110 70-110t70 110"/><path d="M316 330v236M484 330v236"/>'
        '<path d="M400 400q50 70 0 130q-50-60 0-130z" fill="#f6c453" stroke="none"/>',
    ),
    "candle": Shape(
        '<path d="M300 370h200v220q0 30-30 30H330q-30 0-30-30z"/>',
        '<ellipse cx="400" cy="370" rx="100" ry="18" fill="currentColor"/><path d="M400 370v-44"/>'
        '<path d="M400 230q52 66 0 104q-52-38 0-104z" fill="#f6c453" stroke="none"/>'
        '<path d="M340 440h120v90H340z" fill="#fffaf0" stroke="none" opacity=".85"/><path d="M364 474h72M364 498h48" opacity=".6"/>',
    ),
    "diffuser": Shape(
        '<path d="M360 380h80v50q80 24 80 100v60q0 30-30 30H310q-30 0-30-30v-60q0-76 80-100z"/>',
        '<path d="M380 380L310 170M392 380L370 150M408 380l30-230M420 380l80-210" stroke-width="7"/>'
        '<path d="M330 510h140v70H330z" fill="#fffaf0" stroke="none" opacity=".85"/>',
    ),
    "bed": Shape(
        '<path d="M160 430q240-60 480 0v130H160z"/><path d="M200 380q0-40 40-40h110q40 0 40 40v30H200zM410 380q0-40 40-40h110q40 0 40 40v30H410z" opacity=".7"/>',
        '<path d="M150 300v320M650 300v320" stroke-width="18"/><path d="M160 480q240-50 480 0" opacity=".5"/>',
    ),
    "towel": Shape(
        '<path d="M250 250h300v330q-150 24-300 0z"/>',
        '<path d="M180 250h440" stroke-width="16"/><path d="M250 510q150 24 300 0M250 540q150 24 300 0"/>',
    ),
    "soap": Shape(
        '<path d="M210 500h380q0 100-90 120H300q-90-20-90-120z"/><rect x="290" y="420" width="220" height="84" rx="40" opacity=".6"/>',
        '<circle cx="500" cy="370" r="20"/><circle cx="540" cy="320" r="12"/><circle cx="460" cy="340" r="10"/>',
    ),
    "robe": Shape(
        '<path d="M330 200h140l110 80 50 220-70 24-40-130v226H280V394l-40 130-70-24 50-220z"/>',
        '<path d="M350 200l50 180 50-180M400 380v240" /><path d="M280 430h240" stroke-width="18"/>',
    ),
    "jumper": Shape(
        '<path d="M320 220q80 50 160 0l90 40 70 270-76 20-44-150v200q-120 24-240 0V400l-44 150-76-20 70-270z"/>',
        '<path d="M320 220q80 70 160 0"/><path d="M280 570q120 24 240 0" opacity=".6"/><path d="M164 508l74 20M636 508l-74 20" opacity=".6"/>',
    ),
    "cardigan": Shape(
        '<path d="M320 220h160l90 40 70 270-76 20-44-150v210H280V400l-44 150-76-20 70-270z"/>',
        '<path d="M340 220l60 170 60-170M400 390v220"/><circle cx="416" cy="430" r="8" fill="currentColor"/>'
        '<circle cx="416" cy="490" r="8" fill="currentColor"/><circle cx="416" cy="550" r="8" fill="currentColor"/>',
    ),
    "vest": Shape(
        '<path d="M310 210h50l40 110 40-110h50l40 110v290H270V320z"/>',
        '<path d="M360 210l40 110 40-110M270 570h260" opacity=".7"/>',
    ),
    "shirt": Shape(
        '<path d="M330 210h140l110 50 60 260-70 20-50-130v210H280V410l-50 130-70-20 60-260z"/>',
        '<path d="M330 210l70 60 70-60M400 270v350"/><path d="M440 360h60v70h-60z" opacity=".6"/>'
        '<circle cx="412" cy="330" r="6" fill="currentColor"/><circle cx="412" cy="400" r="6" fill="currentColor"/>'
        '<circle cx="412" cy="470" r="6" fill="currentColor"/><circle cx="412" cy="540" r="6" fill="currentColor"/>',
    ),
    "dress": Shape(
        '<path d="M330 180q70 46 140 0l60 40 30 90-56 20-24-30v70l110 250q-190 40-380 0l110-250v-70l-24 30-56-20 30-90z"/>',
        '<path d="M320 370h160"/><path d="M350 400l-60 210M400 400v226M450 400l60 210" opacity=".4"/>',
    ),
    "jacket": Shape(
        '<path d="M310 230q10-90 90-90t90 90l90 50 60 260-76 20-44-140v200H280V420l-44 140-76-20 60-260z"/>',
        '<path d="M400 240v380"/><path d="M340 230q60 60 120 0q-6-54-60-54t-60 54z" fill="currentColor" opacity=".5"/>'
        '<path d="M310 500h60v60h-60zM430 500h60v60h-60z" opacity=".6"/>',
    ),
    "gilet": Shape(
        '<path d="M320 210h160l60 100v310H260V310z"/>',
        '<path d="M400 230v390"/><path d="M262 360h276M260 430h280M260 500h280M260 570h280" opacity=".45"/>',
    ),
    "trousers": Shape(
        '<path d="M290 190h220l40 430h-90l-60-300-60 300h-90z"/>',
        '<path d="M286 230h228M400 230v90"/>',
    ),
    "beanie": Shape(
        '<path d="M240 500q0-220 160-220t160 220z"/><rect x="220" y="490" width="360" height="80" rx="36"/><circle cx="400" cy="266" r="36"/>',
        '<path d="M270 500v60M310 500v60M350 500v60M390 500v60M430 500v60M470 500v60M510 500v60M540 500v60" opacity=".5"/>',
    ),
    "hat": Shape(
        '<path d="M280 470q0-180 120-180t120 180z"/><ellipse cx="400" cy="480" rx="260" ry="60"/>',
        '<path d="M280 456q120 44 240 0" stroke-width="20"/>',
    ),
    "cap": Shape(
        '<path d="M220 470q10-190 180-190t170 160l110 40q-90 50-240 20-120-20-220-30z"/>',
        '<path d="M220 470q180-30 350-30M400 280v160" opacity=".6"/>',
    ),
    "scarf": Shape(
        '<path d="M270 230h260v90H270z"/><path d="M300 300h90v290h-90zM420 300h90v230h-90z"/>',
        '<path d="M306 590v36M330 590v36M354 590v36M380 590v36M426 530v36M450 530v36M474 530v36M500 530v36"/><path d="M300 540h90M420 480h90" opacity=".5"/>',
    ),
    "glove": Shape(
        '<path d="M300 620V380q0-30-50-80q-20-30 10-44t60 44V210q0-26 24-26t24 26v110-140q0-26 24-26t24 26v140-120q0-26 24-26t24 26v130-70q0-24 22-24t22 24v310z" />',
        '<path d="M300 560h208" stroke-width="12"/>',
    ),
    "belt": Shape(
        '<path d="M400 240a190 150 0 1 1-1 0zm0 50a140 104 0 1 0 1 0z" fill-rule="evenodd"/>',
        '<rect x="350" y="510" width="90" height="100" rx="12"/><path d="M360 560h70"/>',
    ),
    "sock": Shape(
        '<path d="M330 180h130v240l110 90q40 40 6 84-36 40-96 16L350 540q-30-16-30-60z"/>',
        '<path d="M330 230h130M330 256h130"/><path d="M470 580q20-60 90-70" opacity=".6"/>',
    ),
    "tent": Shape(
        '<path d="M400 230l260 390H140z"/>',
        '<path d="M400 230v-24M400 230l-70 390h140z" fill="currentColor"/><path d="M160 600l-60 40M640 600l60 40" opacity=".6"/>',
    ),
    "sleeping-bag": Shape(
        '<path d="M300 240q100-80 200 0l30 300q0 90-130 90t-130-90z"/>',
        '<ellipse cx="400" cy="270" rx="64" ry="44" fill="currentColor"/>'
        '<path d="M290 370q110 30 220 0M284 440q116 30 232 0M278 510q122 30 244 0" opacity=".45"/>',
    ),
    "hammock": Shape(
        '<path d="M150 320q250 300 500 0q-60 230-250 240T150 320z"/>',
        '<path d="M130 200v420M670 200v420" stroke-width="26"/><path d="M130 300l30 30M670 300l-30 30"/>',
    ),
    "mat": Shape(
        '<path d="M200 560h420v50H200z"/><circle cx="250" cy="520" r="96"/>',
        '<circle cx="250" cy="520" r="64"/><circle cx="250" cy="520" r="32"/>',
    ),
    "stove": Shape(
        '<path d="M280 470h240l40 150H240z"/><path d="M340 420h120v50H340z"/>',
        '<path d="M280 420h240M300 420v-40M500 420v-40" stroke-width="14"/>'
        '<path d="M350 400q20-60 0-90q50 30 50-60q60 60 40 100q20-10 20-20q20 60-10 70z" fill="#f08a3c" stroke="none"/>',
    ),
    "bottle": Shape(
        '<path d="M370 190h60v60q60 20 60 90v250q0 30-30 30H340q-30 0-30-30V340q0-70 60-90z"/>',
        '<path d="M360 190h80v-40h-80z" fill="currentColor"/><path d="M310 400h180M310 440h180" opacity=".4"/>',
    ),
    "axe": Shape(
        '<path d="M380 230l40-10 40 390q0 16-16 18t-20-14z"/><path d="M300 220q60 20 170-20l10 100q-110-10-160 50-50-50-20-130z" opacity=".85"/>',
    ),
    "boot": Shape(
        '<path d="M290 200h150v200q40 50 130 70 50 16 50 70v40H290z"/>',
        '<path d="M276 580h350v44H276z" fill="currentColor"/><path d="M440 270h-50M440 320h-50M446 370h-50M470 410l-40 30" />',
    ),
    "shoe": Shape(
        '<path d="M190 400q40 30 110 0l60-10q80 90 210 110 50 10 50 60v20H180q-10-100 10-180z"/>',
        '<path d="M172 580h456v36H172z" fill="currentColor"/><path d="M360 420l-40 30M400 450l-40 34M440 474l-36 34"/>',
    ),
    "rucksack": Shape(
        '<path d="M280 320q0-120 120-120t120 120v260q0 40-40 40H320q-40 0-40-40z"/>'
        '<path d="M240 430h40v160h-20q-20 0-20-20zM520 430h40v140q0 20-20 20h-20z"/>',
        '<path d="M360 200q0-50 40-50t40 50"/><path d="M320 450h160v130H320z"/><path d="M320 490h160M290 350h220"/>',
    ),
    "bag": Shape(
        '<path d="M210 350h380l30 230q4 40-40 40H220q-44 0-40-40z"/>',
        '<path d="M300 350q0-140 100-140t100 140" stroke-width="18"/><path d="M196 450h408" opacity=".5"/>',
    ),
    "basket": Shape(
        '<path d="M200 400h400l-50 220H250z"/>',
        '<path d="M240 400q0-220 160-220t160 220" stroke-width="16"/><path d="M212 450h376M222 500h356M236 560h328M320 400l20 220M400 400v220M480 400l-20 220" opacity=".5"/>',
    ),
    "jar": Shape(
        '<path d="M300 300h200q50 40 50 110v160q0 50-50 50H300q-50 0-50-50V410q0-70 50-110z"/><rect x="290" y="230" width="220" height="60" rx="18"/>',
        '<path d="M300 300h200" opacity=".6"/>',
    ),
}  # fmt: skip

#: Words that mean something else together.
PHRASES: Mapping[str, str] = {
    "sleeping-bag": "sleeping-bag",
    "fire-bowl": "stove",
    "butter-dish": "pot",
    "soap-dish": "soap",
    "roasting-dish": "pot",
}

#: Which shape a word of a slug asks for; the last word that asks for one decides.
WORDS: Mapping[str, str] = {
    "mug": "mug", "cup": "mug", "beaker": "tumbler", "tumbler": "tumbler", "glass": "tumbler", "saucer": "mug",
    "bowl": "bowl", "platter": "plate", "plate": "plate", "carafe": "bottle", "dish": "bowl", "pig": "bowl", "mortar": "bowl",
    "board": "board", "cutlery": "cutlery", "spoon": "cutlery", "knife": "knife", "pin": "board", "brush": "soap", "soap": "soap",
    "casserole": "pot", "stockpot": "pot", "cook": "pot", "skillet": "pan", "saucepan": "pan", "pan": "pan", "tin": "pan",
    "kettle": "kettle", "pot": "kettle", "cushion": "cushion", "pillow": "cushion", "pillowcase": "cushion",
    "throw": "blanket", "blanket": "blanket", "bedspread": "bed", "duvet": "bed", "cover": "bed", "sheet": "bed",
    "lamp": "lamp", "lampshade": "pendant", "pendant": "pendant", "lantern": "lantern", "wall": "lantern", "lights": "pendant",
    "candle": "candle", "diffuser": "diffuser", "spray": "diffuser", "towel": "towel", "curtain": "towel", "mat": "mat",
    "robe": "robe", "jumper": "jumper", "cardigan": "cardigan", "vest": "vest", "dress": "dress", "shirt": "shirt",
    "jacket": "jacket", "coat": "jacket", "parka": "jacket", "smock": "jacket", "poncho": "jacket", "gilet": "gilet",
    "trousers": "trousers", "beanie": "beanie", "hat": "hat", "cap": "cap", "scarf": "scarf", "gloves": "glove",
    "mittens": "glove", "belt": "belt", "socks": "sock", "tent": "tent", "tarp": "tent", "sleeping": "sleeping-bag",
    "hammock": "hammock", "bed": "bed", "stove": "stove", "fire": "stove", "bottle": "bottle", "flask": "bottle", "hatchet": "axe",
    "boot": "boot", "bootie": "boot", "shoe": "shoe", "sandal": "shoe", "rucksack": "rucksack", "backpack": "rucksack",
    "bag": "bag", "satchel": "bag", "sack": "bag", "basket": "basket",
}  # fmt: skip
