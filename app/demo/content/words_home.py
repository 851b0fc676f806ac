"""The word table of everything for the house: two lines a product, read by `words.sketches`.

First line: name | brand | material | pence | colours, and optionally the size scheme in place of the section's.
Second line: the first sentence of its description. A section opens with `#`: category | SKU stem | size scheme.
"""

TABLE = """
# mugs-cups | MUG | none
Harrow Stoneware Mug | fenwold | stoneware | 1400 | slate oat moss
  A wide-bellied mug with a thumb rest, thrown for the first brew of the day.
Pennine Enamel Mug | tarn-and-fell | enamel | 995 | chalk navy pine rust
  A speckled camp mug with a rolled rim that looks as good on a kitchen shelf as beside a fire.
Larder Espresso Cup | oldshaw | porcelain | 850 | chalk ink
  A straight-sided cup that holds a double shot and stacks four high.
Saltmarsh Breakfast Cup | saltmarsh | stoneware | 1650 | sky sand
  A generous cup for tea by the pint, glazed in the colours of a low tide.
Wren Latte Mug | wren-hollow | stoneware | 1500 | ecru clay sage
  A tall mug with a softly dimpled side where two hands find their place.
Orchard Teacup and Saucer | oldshaw | porcelain | 2250 | chalk rose
  A fine teacup with an apple-bough rim, and a saucer deep enough for the biscuit.
Kiln Row Tumbler | fenwold | recycled-glass | 900 | sea smoke
  A chunky tumbler pressed from old window panes, each with its own small bubbles.
Moorland Insulated Cup | tarn-and-fell | steel | 2400 | pine ochre charcoal
  A lidded cup that keeps coffee hot from the front door to the summit.
Ember Beaker | isle-and-ember | stoneware | 1250 | rust charcoal
  A handleless beaker with a glaze that breaks copper at the rim.
Dairy Yard Milk Mug | wren-hollow | enamel | 895 | cream sky
  A small round mug for warm milk, with a blue line painted by hand.
Quayside Highball Glass | saltmarsh | recycled-glass | 1100 | sea clear
  A tall glass with a heavy foot, made for long drinks on light evenings.
Tinker Travel Mug | northmere | steel | 1999 | black stone berry
  A slim mug that seals with a quarter turn and fits every cup holder we tried.
# tableware | TAB | none
Harrow Dinner Plate | fenwold | stoneware | 1800 | slate oat moss
  A coupe plate with a raised edge that keeps the gravy where it belongs.
Harrow Pasta Bowl | fenwold | stoneware | 1700 | slate oat moss
  A shallow bowl, wide enough for ribbons of pappardelle and a heel of bread.
Saltmarsh Serving Platter | saltmarsh | stoneware | 4200 | sky sand
  A long oval platter for a whole fish or the last of the summer tomatoes.
Larder Side Plate | oldshaw | porcelain | 1050 | chalk ink
  A neat side plate with a hairline border, at ease with cake or cheese.
Wren Cereal Bowl | wren-hollow | stoneware | 1350 | ecru clay sage
  A deep little bowl that suits porridge in January and berries in July.
Sickle Salad Bowl | marram | acacia | 4800 | natural
  A broad wooden bowl turned from one piece, its grain different every time.
Ploughman Board | marram | oak | 3600 | natural
  A serving board with a carved handle and a leather loop to hang it by.
Cove Glass Carafe | saltmarsh | recycled-glass | 2600 | sea clear
  A carafe with a pinched waist that pours cleanly to the last drop.
Threshold Cutlery Set | kestrel-yard | steel | 8500 | silver brass
  Sixteen pieces with slender handles and a good weight in the hand.
Tithe Barn Butter Dish | oldshaw | porcelain | 2900 | chalk
  A lidded dish with a bobbin knob that takes a full block of butter.
Longhouse Salt Pig | fenwold | stoneware | 2100 | oat charcoal
  An open-mouthed salt keeper that sits beside the hob, ready for a pinch.
Market Day Fruit Bowl | isle-and-ember | stoneware | 3900 | rust moss
  A footed bowl with a generous rim, handsome even when empty.
# cookware | COO | none
Hearthstone Casserole | kestrel-yard | cast-iron | 12900 | rust ink sage | pan
  A heavy-lidded casserole that braises low and slow and goes straight to the table.
Hearthstone Skillet | kestrel-yard | cast-iron | 5900 | black | pan
  A pre-seasoned skillet with a helper handle, made to be handed down.
Copperbeech Saucepan | kestrel-yard | copper | 11500 | copper | pan
  A tin-lined saucepan that heats evenly to the very edge.
Larder Stockpot | northmere | steel | 7400 | silver
  A tall pot for bones, beans and the long, quiet Sunday simmer.
Brindle Griddle Pan | kestrel-yard | cast-iron | 4900 | black
  A ridged pan that leaves its stripes on courgettes and sourdough alike.
Millstone Pestle and Mortar | marram | granite | 3400 | stone
  A rough-bottomed mortar that turns whole spice to powder in moments.
Cinder Stovetop Kettle | northmere | steel | 6500 | cream black pine
  A whistling kettle with a wide base, quick to boil on gas or induction.
Threshing Rolling Pin | marram | beech | 1600 | natural
  A plain tapered pin that rolls pastry thin without tearing it.
Bakehouse Loaf Tin | northmere | steel | 1899 | silver
  A folded-corner tin that gives loaves their square shoulders.
Hearthstone Roasting Dish | kestrel-yard | enamel | 4400 | chalk ink
  A deep roasting dish with pouring corners, built for potatoes.
Whetstone Chef Knife | kestrel-yard | carbon-steel | 7900 | natural black
  A balanced blade with a gentle curve that rocks through herbs.
Spinney Spoon Set | marram | beech | 1450 | natural
  Four spoons for stirring, tasting, scraping and folding, carved to suit both hands.
# cushions-throws | CUS | none
Fellside Wool Cushion | tarn-and-fell | lambswool | 4500 | heather moss slate
  A plump cushion in a small herringbone, backed in the same cloth.
Lowmoor Linen Cushion | lowmoor | linen | 3800 | oat clay sage ink
  A washed linen cushion that only gets softer where heads have rested.
Drystone Check Throw | tarn-and-fell | lambswool | 8900 | charcoal ochre
  A checked throw in the greys of a field wall, with a hand-knotted fringe.
Hayloft Waffle Blanket | lowmoor | cotton | 6200 | ecru sky rose
  A deep waffle blanket that holds warmth lightly and dries on one good breeze.
Ember Bolster Cushion | isle-and-ember | velvet | 5200 | rust plum
  A long velvet bolster that props up readers and dogs without complaint.
Skerry Striped Throw | saltmarsh | cotton | 5400 | navy sand
  A beach-striped throw for chilly terraces and the backs of sofas.
Wren Bouclé Cushion | wren-hollow | boucle | 4900 | cream sage
  A nubbly cushion with rounded corners, as inviting as a sheep.
Lambing Season Blanket | tarn-and-fell | merino | 14500 | cream heather
  A featherweight blanket fine enough for a cradle and wide enough for two.
Thistle Embroidered Cushion | wren-hollow | linen | 4600 | ecru plum
  A cushion with three hand-stitched thistles and a hidden zip.
Byre Sheepskin Throw | lowmoor | sheepskin | 11900 | cream charcoal
  A long-haired sheepskin that turns a hard chair into the best seat in the room.
Tideline Quilted Throw | saltmarsh | cotton | 9800 | sky chalk
  A reversible quilt stitched in wavering lines like sand at low water.
Foldyard Floor Cushion | lowmoor | canvas | 7200 | ochre ink
  A firm square cushion with a carrying strap, for extra guests and board games.
# lighting | LIG | none
Elbow Desk Lamp | kestrel-yard | painted-steel | 9500 | ink brass sage
  A jointed lamp that stays exactly where it is put.
Gantry Pendant Light | kestrel-yard | painted-steel | 13500 | charcoal cream
  An enamelled shade borrowed from railway sheds, at home above a long table.
Moth Table Lamp | wren-hollow | ceramic | 8400 | oat clay
  A pebble-shaped base under a pleated shade that glows rather than glares.
Lantern Yard Wall Light | kestrel-yard | brass | 11000 | brass black
  A caged wall light that weathers beautifully beside a back door.
Saltmarsh Glass Pendant Light | saltmarsh | recycled-glass | 15500 | sea smoke
  A blown shade with a ripple that casts water on the ceiling.
Hollow Tree Floor Lamp | marram | ash | 18900 | natural black
  Three slender legs and a linen drum, light enough to follow a reader round the room.
Glowworm Rechargeable Lamp | northmere | aluminium | 5900 | ochre sage chalk
  A pocket-sized lamp with three brightnesses and nine hours in it.
Paper Moon Lampshade | lowmoor | paper | 3200 | chalk
  A pleated paper shade that ships flat and opens like a fan.
Storm Hurricane Lantern | tarn-and-fell | painted-steel | 4500 | pine rust
  A wind-proof lantern for paraffin or a tea light, with a good honest handle.
Candlemas Clip Lamp | northmere | painted-steel | 3499 | black cream berry
  A small lamp that clips to a shelf, a headboard or a stubborn music stand.
Alder Bedside Lamp | marram | oak | 7600 | natural
  A turned base with a brass pull, and a switch that is easy to find in the dark.
Festoon Garden Lights | northmere | painted-steel | 3900 | black chalk
  Ten metres of warm bulbs for hedges, awnings and one last round.
# candles-scent | CAN | none
Bonfire Night Candle | isle-and-ember | soy-wax | 2400 | charcoal
  Birch smoke, cold air and a little toffee, in a tumbler worth keeping.
Fig Wall Candle | isle-and-ember | soy-wax | 2400 | moss
  Green fig leaf warming against old brick at the end of August.
Sea Fret Candle | saltmarsh | soy-wax | 2600 | sky
  Samphire, salt and damp wool, like a walk the fog cut short.
Hayrick Candle | isle-and-ember | soy-wax | 2400 | ochre
  Sun-dried grass and chamomile with something warm beneath.
Chapel Beeswax Candle Pair | marram | beeswax | 1650 | natural cream
  Two tapers dipped by hand that burn for eight hours without a drip.
Winter Spice Candle | isle-and-ember | soy-wax | 2800 | berry
  Clove, orange peel and the inside of a Christmas drawer.
Walled Garden Diffuser | wren-hollow | recycled-glass | 3400 | sage
  Tomato leaf and box hedge carried quietly on eight reeds.
Peat and Pine Diffuser | isle-and-ember | recycled-glass | 3400 | pine
  Resin, moss and rain, for halls where boots come off.
Potting Shed Candle | wren-hollow | soy-wax | 2200 | clay
  Wet soil, geranium and a lick of creosote, poured into a terracotta pot.
Pantry Citrus Room Spray | isle-and-ember | recycled-glass | 1850 | ochre
  Three sprays of lemon and thyme to see off last night's fish.
Lavender Mill Candle | wren-hollow | soy-wax | 2200 | heather
  Dry lavender and clean linen, meant for the last hour of the day.
Fireside Matches and Candle | isle-and-ember | soy-wax | 3200 | rust black
  A small smoky candle boxed with a hundred long matches.
# bed-linen | BED | bed
Lowmoor Washed Linen Duvet Cover | lowmoor | linen | 12500 | oat sage clay
  A duvet cover with coconut buttons, already soft on its first night.
Lowmoor Washed Linen Sheet | lowmoor | linen | 8900 | oat sage
  A deep fitted sheet that stays cool in June and warm in January.
Percale Duvet Cover | oldshaw | organic-cotton | 7900 | chalk ink
  Crisp, matt and quiet, like the bed of a very good hotel.
Percale Fitted Sheet | oldshaw | organic-cotton | 4500 | chalk sky
  A fitted sheet with elastic all the way round, made for restless sleepers.
Farmhouse Gingham Duvet Cover | wren-hollow | cotton | 6900 | sky rose moss
  A small woven check that makes even a Monday feel like the weekend.
Skylark Embroidered Duvet Cover | wren-hollow | organic-cotton | 9800 | chalk
  A scatter of stitched larks rising from the hem.
Flannel Stripe Duvet Cover | tarn-and-fell | brushed-cotton | 8400 | charcoal berry
  A brushed stripe for rooms with sash windows and no curtains yet.
Highfold Wool Duvet | tarn-and-fell | lambswool | 15900 | natural
  A breathing duvet that evens out two people who never agree.
Sateen Pillowcase Pair | oldshaw | organic-cotton | 3200 | chalk oat rose | none
  Two smooth pillowcases with a generous flap to hide the pillow.
Lowmoor Linen Pillowcase Pair | lowmoor | linen | 4200 | oat sage clay ink | none
  Two washed pillowcases to mix with whatever is on the bed already.
Down Row Pillow | northmere | feather | 5400 | natural | none
  A medium pillow with a soft outer and a springy heart.
Tideline Bedspread | saltmarsh | cotton | 11900 | sky sand
  A quilted bedspread that falls neatly to the floor on both sides.
# towels-bath | TOW | towel
Harbour Cotton Towel | saltmarsh | organic-cotton | 1400 | navy chalk sand sky
  A thick looped towel with a flat woven border.
Bathhouse Waffle Towel | lowmoor | cotton | 1250 | ecru sage slate
  A light waffle towel that dries you fast and itself faster.
Turkish Stripe Hammam Towel | saltmarsh | cotton | 2600 | ink rust ochre | none
  A flat-woven towel with a twisted fringe, as good on sand as on tiles.
Spa Day Robe | lowmoor | cotton | 7800 | ecru slate | letters
  A waffle robe with deep pockets and a collar that stands up to draughts.
Pebble Bath Mat | saltmarsh | organic-cotton | 2900 | stone chalk | none
  A tufted mat that feels like the soft part of the beach.
Duckboard Bath Mat | marram | oak | 5500 | natural | none
  A slatted board that lifts wet feet off a cold floor.
Potting Bench Nail Brush | marram | beech | 1250 | natural | none
  A stiff bristle brush for gardeners' hands, with a groove for the thumb.
Linen Hand Towel Pair | lowmoor | linen | 3400 | oat clay ink | none
  Two textured hand towels that look ironed without the ironing.
Harrow Soap Dish | fenwold | stoneware | 1400 | slate oat moss | none
  A ridged dish with a lip that lets the water run back to the basin.
Skerry Beach Towel | saltmarsh | cotton | 3600 | navy rust | none
  A towel long enough for the tall, with a loop at each end.
Cloud Bath Towel | oldshaw | organic-cotton | 1800 | chalk rose stone
  A zero-twist towel, absurdly soft and surprisingly quick to dry.
Drift Shower Curtain | saltmarsh | recycled-plastic | 3900 | chalk sky | none
  A weighted curtain in a matt cloth that shrugs off damp.
"""
