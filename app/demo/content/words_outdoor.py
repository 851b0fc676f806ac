"""The word table of camping and walking: two lines a product, read by `words.sketches`.

First line: name | brand | material | pence | colours, and optionally the size scheme in place of the section's.
Second line: the first sentence of its description. A section opens with `#`: category | SKU stem | size scheme.
"""

TABLE = """
# tents-sleeping | TEN | none
Corrie One Tent | tarn-and-fell | ripstop | 22900 | moss rust
  A solo tent that pitches in four minutes and weighs less than a bag of flour or two.
Corrie Two Tent | tarn-and-fell | ripstop | 28900 | moss rust
  Two doors, two porches and no need to climb over anybody at three in the morning.
Hayfield Bell Tent | lowmoor | canvas | 54900 | ecru
  A five-metre bell tent with a zip-in floor, for weekends that need rugs.
Lee Shore Tarp | saltmarsh | ripstop | 7900 | sand pine
  A three-by-three tarp with enough tie points to puzzle a sailor.
Beacon Family Tent | northmere | ripstop | 39900 | navy
  Three bedrooms, standing height and a porch for eight muddy boots.
Curlew Down Sleeping Bag | tarn-and-fell | recycled-down | 18500 | ink rust | length
  A three-season mummy bag that packs to the size of a loaf.
Lambing Shed Sleeping Bag | lowmoor | brushed-cotton | 8900 | moss berry | length
  A roomy flannel-lined bag for camp beds and sleepovers.
Tussock Sleeping Mat | northmere | recycled-plastic | 5900 | ochre slate
  A self-inflating mat with a quiet surface and a valve that behaves.
Stargazer Hammock | tarn-and-fell | ripstop | 12900 | pine
  A hammock with a net and fly, for those who prefer two trees to one flat field.
Featherbed Camp Pillow | northmere | recycled-down | 2900 | slate berry
  A stuffable pillow that remembers it used to be a bottle.
Cowshed Camp Bed | northmere | canvas | 8400 | pine
  A folding bed that goes up without swearing and down without fingers.
Drovers Wool Camp Blanket | tarn-and-fell | lambswool | 7800 | charcoal rust
  A tightly woven blanket with a leather strap, for tailgates and embers.
# camp-kitchen | CAM | none
Pocket Gas Stove | northmere | aluminium | 4500 | silver
  A folding burner that boils half a litre while you find the tea.
Bothy Kettle | tarn-and-fell | aluminium | 3200 | silver rust
  A squat kettle with a locking handle and a spout that pours in a gale.
Hearth Camp Cook Set | northmere | steel | 6900 | silver
  Two pots, a pan and a lid that nest with room for a stove.
Ember Fire Bowl | isle-and-ember | weathering-steel | 12900 | rust black
  A spun-steel fire bowl with a grill, and legs that keep the grass green.
Skillet for the Coals | kestrel-yard | cast-iron | 4200 | black
  A long-handled skillet that wants bacon and a river.
Spring Water Bottle | northmere | steel | 2200 | chalk pine ochre berry
  A single-wall bottle with a loop cap, light and almost unbreakable.
Moorland Vacuum Flask | tarn-and-fell | steel | 3400 | pine charcoal
  A litre flask that keeps soup hot till the last stile.
Pennine Enamel Plate Set | tarn-and-fell | enamel | 3600 | chalk navy
  Four deep plates with a coloured rim that forgive every drop.
Camp Cutlery Roll Set | northmere | steel | 2600 | pine rust
  Knife, fork, spoon and corkscrew for two, in a waxed roll.
Coppice Hatchet | kestrel-yard | carbon-steel | 5800 | natural
  A short axe with a hickory handle and a leather mask.
Larder Cool Bag | saltmarsh | recycled-plastic | 4800 | sky ochre
  A wipe-clean cool bag that holds two days of sensible food or one of the other kind.
Moka Camp Coffee Pot | oldshaw | aluminium | 2900 | silver black
  A three-cup coffee pot, because standards slip quickly outdoors.
# waterproofs | WAT | letters
Stac Waterproof Jacket | tarn-and-fell | recycled-shell | 19500 | navy rust moss
  A three-layer shell with a hood that turns when you do.
Drizzle Packable Jacket | northmere | recycled-shell | 7900 | ochre ink
  A light rain jacket that folds into its own pocket and lives in a bag.
Harbour Rubber Coat | saltmarsh | recycled-shell | 14500 | ochre navy
  A welded fisherman's coat with a storm flap and hand-warmer pockets.
Keeper Waxed Jacket | oldshaw | waxed-cotton | 18900 | pine black
  A waxed jacket with a cord collar that will outlive its first owner.
Croft Waxed Gilet | oldshaw | waxed-cotton | 11900 | pine ink
  A quilted gilet for dogs, gates and errands.
Cloudburst Waterproof Trousers | tarn-and-fell | recycled-shell | 8900 | charcoal
  Side-zipped overtrousers that go on over boots.
Fjord Insulated Parka | northmere | recycled-down | 22900 | charcoal moss
  A thigh-length parka with a two-way zip and a serious hood.
Scree Softshell Jacket | tarn-and-fell | recycled-shell | 11500 | slate berry
  A stretchy softshell that breathes on the climb and blocks wind at the top.
Curlew Down Jacket | tarn-and-fell | recycled-down | 16900 | rust ink
  A light down jacket for belays, bus stops and badly heated halls.
Lighthouse Storm Smock | saltmarsh | canvas | 12500 | navy sand
  A pull-on canvas smock with a kangaroo pocket and salt in its history.
Bramble Field Coat | lowmoor | waxed-cotton | 21500 | moss
  A long field coat lined in blanket check, with poacher's pockets.
Puddle Rain Poncho | northmere | recycled-plastic | 3900 | sky ochre | none
  A roomy poncho that covers a rucksack as well as its owner.
# boots | BOO | shoe
Ridgeway Walking Boot | tarn-and-fell | leather | 16500 | rust black
  A mid-height boot with a bellows tongue and a sole that can be replaced.
Scafell Mountain Boot | tarn-and-fell | leather | 21900 | charcoal
  A stiff boot for scree, snow and the long way round.
Towpath Walking Shoe | northmere | suede | 9800 | sand slate
  A low shoe with a walking sole, for canals and museums.
Drover Chelsea Boot | oldshaw | leather | 14500 | black rust
  A pull-on boot with a tread that copes with a wet paddock.
Lugworm Wellington Boot | saltmarsh | rubber | 7200 | pine navy
  A natural-rubber boot with a kick-off lug and a cotton lining.
Puddle Ankle Wellington Boot | saltmarsh | rubber | 4800 | ochre ink
  A short boot for gardens, gutters and school gates.
Fell Runner Trail Shoe | tarn-and-fell | recycled-plastic | 11500 | moss berry
  A light trail shoe with deep lugs and a drop of six millimetres.
Millyard Work Boot | kestrel-yard | leather | 15500 | rust
  A Goodyear-welted work boot that wears in rather than out.
Hut Slipper Boot | lowmoor | sheepskin | 7800 | sand charcoal
  A sheepskin slipper with a sole that reaches as far as the log pile.
Sandbar Walking Sandal | saltmarsh | recycled-plastic | 6900 | slate sand
  A strapped sandal that fords streams and drains dry.
Bothy Down Bootie | tarn-and-fell | recycled-down | 5400 | slate rust
  A quilted bootie for tents, trains and draughty cottages.
Gatepost Country Boot | oldshaw | leather | 23500 | rust
  A tall leather country boot with a waterproof lining and a gusset for thick socks.
# rucksacks-bags | BAG | none
Waymark Rucksack 25 | tarn-and-fell | ripstop | 8900 | moss slate rust
  A day pack with a ventilated back and a pocket where you want it.
Waymark Rucksack 45 | tarn-and-fell | ripstop | 14900 | moss slate
  A weekend pack with a floating lid and room for one luxury.
Long Haul Rucksack 65 | tarn-and-fell | ripstop | 19900 | ink
  An adjustable load carrier for routes with a number instead of a name.
Ferry Roll Top Rucksack | saltmarsh | recycled-shell | 9800 | ochre navy
  A welded roll-top that floats, should it come to that.
Postman Messenger Bag | kestrel-yard | waxed-cotton | 11900 | pine black
  A waxed satchel with a laptop sleeve and brass fittings.
Market Tote Bag | lowmoor | canvas | 2800 | ecru ink rust
  A heavy canvas tote with handles that reach a shoulder.
Quay Duffel Bag | saltmarsh | canvas | 9500 | navy sand
  A forty-litre holdall that fits under an aeroplane seat if nobody measures.
Commuter Backpack | northmere | recycled-plastic | 8500 | charcoal sage
  A clean-lined backpack that opens flat like a book.
Pocket Hip Bag | northmere | ripstop | 3200 | rust slate moss
  A small bag for keys, compass and a flapjack.
Tannery Leather Satchel | oldshaw | leather | 18500 | rust black
  A bridle-leather satchel that darkens with every winter.
Forager Basket | marram | willow | 5800 | natural
  A woven basket with leather straps, for mushrooms or library books.
Dry Sack Bag Set | saltmarsh | ripstop | 2950 | ochre
  Three roll-top sacks that keep spare socks spare.
"""
