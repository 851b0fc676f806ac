"""The word table of clothing and accessories: two lines a product, read by `words.sketches`.

First line: name | brand | material | pence | colours, and optionally the size scheme in place of the section's.
Second line: the first sentence of its description. A section opens with `#`: category | SKU stem | size scheme.
"""

TABLE = """
# womens-knitwear | WKN | letters
Skerry Fisherman Jumper | saltmarsh | lambswool | 9800 | ecru navy
  A ribbed fisherman's jumper with a saddle shoulder and a high, warm neck.
Heather Crew Jumper | tarn-and-fell | merino | 7900 | heather moss berry
  A fine crew neck that layers under a coat without an argument.
Wren Pointelle Cardigan | wren-hollow | organic-cotton | 6900 | cream rose
  A small pretty cardigan with glass buttons and a scalloped edge.
Longfield Wrap Cardigan | lowmoor | merino | 11500 | oat charcoal
  A long cardigan with a tie that makes a decent blanket on trains.
Fair Isle Yoke Jumper | tarn-and-fell | lambswool | 12500 | slate rust
  A patterned yoke knitted in the round in six colours of hedgerow.
Bothy Roll Neck Jumper | tarn-and-fell | merino | 8900 | charcoal cream
  A close roll neck soft enough to wear against the skin.
Driftwood Cable Jumper | saltmarsh | organic-cotton | 7500 | sand sky
  A cotton cable for cool beaches and cooler offices.
Marlpit Boxy Jumper | lowmoor | lambswool | 8200 | clay ochre
  A short boxy jumper that likes a high waist.
Alder Knit Vest | wren-hollow | merino | 5900 | moss ecru
  A sleeveless knit with a deep V, made for shirts with opinions.
Nightjar Cashmere Jumper | lowmoor | cashmere | 16500 | ink oat
  A plain, perfect crew neck in two-ply cashmere.
Hedge School Cardigan | wren-hollow | lambswool | 8500 | pine berry
  A chunky cardigan with leather buttons and room for conkers.
Merle Striped Jumper | saltmarsh | organic-cotton | 6400 | navy rust
  A Breton stripe with a boat neck and three-quarter sleeves.
# dresses | DRE | dress
Haymaker Linen Dress | lowmoor | linen | 9500 | oat clay
  A loose button-through dress with pockets deep enough to use.
Orchard Tea Dress | wren-hollow | viscose | 7900 | moss rose
  A bias-cut dress scattered with windfall apples.
Saltmarsh Shirt Dress | saltmarsh | organic-cotton | 8500 | sky chalk
  A crisp shirt dress with a tie belt and a curved hem.
Dusk Velvet Dress | isle-and-ember | velvet | 11900 | plum ink
  A long-sleeved velvet dress that needs nothing but a candle or two.
Lambourn Cord Pinafore Dress | wren-hollow | corduroy | 6900 | rust pine
  A fine-cord pinafore with brass buckles and a kangaroo pocket.
Quarry Knit Dress | tarn-and-fell | merino | 12500 | slate charcoal
  A ribbed knit dress that travels rolled in a bag and arrives unbothered.
Meadow Smock Dress | lowmoor | cotton | 7200 | ecru sky
  A gathered smock with balloon sleeves and a good twirl.
Sailing Week Stripe Dress | saltmarsh | organic-cotton | 6500 | navy
  A jersey dress striped from collar to knee.
Kiln Wrap Dress | isle-and-ember | viscose | 8900 | rust ink
  A wrap dress with a tie that stays tied.
Foxglove Midi Dress | wren-hollow | viscose | 8400 | plum sage
  A midi with tiny foxgloves and a row of covered buttons.
Barley Sun Dress | lowmoor | linen | 6800 | ochre oat
  A strappy dress for the week when summer happens.
Workroom Denim Dress | northmere | denim | 8800 | ink
  A zip-front denim dress with a hammer loop, just in case.
# mens-shirts | SHI | letters
Millhand Oxford Shirt | northmere | organic-cotton | 5900 | sky chalk
  A button-down Oxford that looks better unironed.
Allotment Work Shirt | northmere | cotton | 6900 | pine ochre
  A double-stitched overshirt with a pencil slot and two square pockets.
Lowmoor Grandad Shirt | lowmoor | linen | 7200 | oat ink
  A collarless linen shirt for rolled sleeves and long lunches.
Fellside Flannel Shirt | tarn-and-fell | brushed-cotton | 6500 | rust moss charcoal
  A brushed check the weight of a light jacket.
Signalman Chambray Shirt | kestrel-yard | organic-cotton | 6200 | ink sky
  A soft chambray with pearl snaps and a locker loop.
Quayside Breton Shirt | saltmarsh | organic-cotton | 4200 | navy rust
  A heavy jersey top with a boat neck and a stripe that will not fade.
Gamekeeper Tattersall Shirt | oldshaw | cotton | 5800 | ochre pine
  A country check with a cutaway collar, smart enough for town.
Night Shift Cord Shirt | northmere | corduroy | 7500 | charcoal rust
  A needlecord shirt that does for a jacket until November.
Regent Poplin Shirt | oldshaw | cotton | 5500 | chalk sky
  A sharp poplin with removable collar stiffeners and single cuffs.
Harvest Short Sleeve Shirt | lowmoor | linen | 5400 | sage clay
  A boxy camp-collar shirt the colour of cut fields.
Ratting Club Polo Shirt | northmere | organic-cotton | 3900 | ink moss berry
  A piqué polo with a soft collar that keeps its shape.
Ferryman Denim Shirt | kestrel-yard | denim | 6800 | ink black
  A selvedge denim shirt with copper rivets at the cuffs.
# mens-knitwear | MKN | letters
Trawler Guernsey Jumper | saltmarsh | lambswool | 10900 | navy ecru
  A tight-knit guernsey, the same back and front so that elbows wear evenly.
Drystone Shawl Cardigan | tarn-and-fell | lambswool | 12900 | charcoal oat
  A heavy shawl collar with horn buttons, in place of a coat.
Cairn Merino Jumper | tarn-and-fell | merino | 7900 | slate moss berry
  A fine crew neck that goes from ridge to restaurant.
Peat Cutter Roll Neck Jumper | isle-and-ember | merino | 8900 | charcoal rust
  A submariner's roll neck with long ribbed cuffs.
Lowmoor Cashmere Jumper | lowmoor | cashmere | 17500 | oat ink
  Two-ply cashmere, fully fashioned, with a neck that does not sag.
Chapel Row Cable Jumper | oldshaw | lambswool | 9900 | cream pine
  A classic cable with a deep welt and a modest neck.
Tannery Knit Vest | northmere | lambswool | 5600 | ochre slate
  A V-neck slipover that makes any shirt look considered.
Half Acre Zip Jumper | northmere | organic-cotton | 6800 | ink stone
  A half-zip in ribbed cotton, easy over a T-shirt.
Boatyard Cotton Jumper | saltmarsh | organic-cotton | 6200 | sky sand
  A moss-stitch crew for evenings when the sun has just gone.
Nordmann Yoke Jumper | tarn-and-fell | lambswool | 12900 | slate pine
  A snow-pattern yoke from an old pattern book found in Lerwick.
Lamp Lighter Cardigan | kestrel-yard | merino | 9200 | black heather
  A slim cardigan with two pockets and a row of tagua buttons.
Shearling Gilet | lowmoor | sheepskin | 19500 | natural charcoal
  A button-through gilet, wool side in, made for cold workshops.
# hats-scarves | HAT | none
Bothy Watch Beanie | tarn-and-fell | merino | 2400 | charcoal rust moss navy
  A short ribbed beanie that sits above the ears until it is needed below them.
Pennine Bobble Beanie | tarn-and-fell | lambswool | 2800 | heather ochre berry
  A chunky hat with a bobble that can be unbuttoned for the wash.
Fold Yard Flat Cap | oldshaw | tweed | 4200 | charcoal moss | hat
  An eight-piece cap cut from Yorkshire tweed offcuts.
Hedgerow Straw Sun Hat | wren-hollow | straw | 3600 | natural | hat
  A wide brim with a grosgrain band, packable if you are gentle.
Fellside Herringbone Scarf | tarn-and-fell | lambswool | 4500 | slate heather ochre
  A long scarf with a twisted fringe and a soft, dry hand.
Orchard Silk Scarf | wren-hollow | silk | 5200 | rose moss
  A square scarf printed with codling moths and pippins.
Skipper Wool Gloves | saltmarsh | merino | 2600 | navy charcoal | glove
  Ribbed gloves with two fingertips that understand a phone.
Waxed Rain Hat | northmere | waxed-cotton | 3900 | pine black | hat
  A short-brimmed hat that sheds rain and folds into a pocket.
Thaw Fingerless Mittens | wren-hollow | lambswool | 2200 | berry cream
  Patterned wrist-warmers for market stalls and cold keyboards.
Nightjar Cashmere Scarf | lowmoor | cashmere | 8900 | oat ink plum
  A light wide scarf that fits through a wedding ring, or so we are told.
Tinker Canvas Cap | northmere | canvas | 2200 | stone rust ink
  A five-panel cap with a leather strap at the back.
Drover Leather Belt | oldshaw | leather | 6900 | black rust
  A bridle-leather belt with a solid brass buckle and a box to keep it in.
# socks | SOC | sock
Trailhead Merino Socks | tarn-and-fell | merino | 1600 | moss slate rust
  A mid-weight walking sock with a cushioned heel and a flat toe seam.
Lowmoor Cashmere Bed Socks | lowmoor | cashmere | 3200 | oat rose
  A slouchy sock for cold floors and late films.
Quayside Stripe Socks | saltmarsh | organic-cotton | 995 | navy rust sky
  A cheerful stripe that survives a hot wash.
Fair Isle Boot Socks | tarn-and-fell | lambswool | 1850 | heather pine ochre
  A tall sock with a patterned cuff to fold over a boot.
Millhand Work Socks Three Pack | northmere | cotton | 1800 | charcoal
  Three pairs with reinforced heels, for people who stand up all day.
Orchard Embroidered Socks | wren-hollow | organic-cotton | 1100 | cream moss
  An ankle sock with one small stitched pear.
Summit Liner Socks | tarn-and-fell | merino | 1400 | charcoal
  A thin liner that ends the argument between foot and boot.
Regent Dress Socks | oldshaw | cotton | 1050 | ink berry pine
  A fine-gauge sock, long enough never to show a shin.
Alpaca Lodge Socks | isle-and-ember | alpaca | 2400 | oat charcoal
  A brushed sock so warm that slippers become optional.
Cycle Path Ankle Socks | northmere | recycled-plastic | 1200 | black ochre
  A breathable ankle sock with a snug arch.
Welly Boot Socks | saltmarsh | lambswool | 1700 | pine navy
  A long loose sock cut for wellington boots and the school run.
Winter Spice Socks Gift Box | isle-and-ember | lambswool | 3400 | berry
  Three patterned pairs in a box that needs no wrapping.
"""
