/** The demo's goods: all invented, in six categories, so that a stranger has something to look at and to buy. */

type Options = Record<string, readonly string[]>
/** Code, name, description, pence, and what its variants differ in (a part that ends in `+n` costs n pence more). */
type Row = readonly [code: string, name: string, description: string, pence: number, options?: Options]

const sizes = (...values: string[]): Options => ({ Size: values })
const colours = (...values: string[]): Options => ({ Colour: values })

export const categories: readonly { slug: string; name: string; parent?: string }[] = [
  { slug: 'home', name: 'House and home' },
  { slug: 'kitchen', name: 'Kitchen and table', parent: 'home' },
  { slug: 'light', name: 'Light and warmth', parent: 'home' },
  { slug: 'garden', name: 'Garden and balcony' },
  { slug: 'paper', name: 'Paper and desk' },
  { slug: 'play', name: 'Games and play' },
]

export const goods: Record<string, readonly Row[]> = {
  home: [
    [
      'BASKET-WILLOW',
      'Willow basket',
      'Woven by hand from peeled willow, for bread, wool or wood.',
      2400,
      sizes('small', 'large+900'),
    ],
    [
      'BLANKET-LAMB',
      'Lambswool blanket',
      'A warm blanket with a herringbone weave, 140 by 180 cm.',
      6900,
      colours('grey', 'moss', 'rust'),
    ],
    [
      'CUSHION-LINEN',
      'Linen cushion',
      'Washed linen with a feather filling, 45 by 45 cm.',
      3200,
      colours('natural', 'indigo'),
    ],
    ['DOORMAT-COIR', 'Coir doormat', 'Stiff coconut fibre that takes the mud of a whole winter.', 1850],
    [
      'VASE-BOTTLE',
      'Bottle vase',
      'Recycled glass with a narrow neck, for one long branch.',
      1450,
      colours('clear', 'green'),
    ],
    ['MIRROR-ROUND', 'Round mirror', 'Bevelled glass on a leather strap, 40 cm across.', 4900],
    ['CLOCK-OAK', 'Oak wall clock', 'A quiet movement behind a plain oak face.', 5600],
    ['HOOK-RAIL', 'Rail of five hooks', 'Forged hooks on ash, for coats, keys and dog leads.', 2750],
    [
      'SOAP-TALLOW',
      'Olive oil soap',
      'A block of soap with rosemary, cut by hand.',
      650,
      { Scent: ['rosemary', 'plain'] },
    ],
    [
      'TOWEL-WAFFLE',
      'Waffle towel',
      'Cotton that dries fast and gets softer with every wash.',
      1600,
      { Size: ['hand', 'bath+1200'], Colour: ['white', 'slate'] },
    ],
  ],
  kitchen: [
    [
      'MUG-STONE',
      'Stoneware mug',
      'Holds a third of a litre and keeps it warm. Safe in the dishwasher.',
      950,
      colours('white', 'blue', 'black'),
    ],
    ['BOWL-STONE', 'Stoneware bowl', 'For porridge, soup or half a melon.', 1150, colours('white', 'blue')],
    ['TEAPOT-IRON', 'Cast iron teapot', 'Enamelled inside, with a sieve. Pours a litre without a drip.', 4200],
    [
      'BOARD-BEECH',
      'Beech chopping board',
      'End grain beech, oiled, with a groove for the juice.',
      3400,
      sizes('small', 'large+1400'),
    ],
    ['KNIFE-PARING', 'Paring knife', 'Carbon steel, thin and very sharp. Wipe it dry.', 1900],
    ['APRON-CANVAS', 'Canvas apron', 'Heavy cotton with three pockets and a long tie.', 2600, colours('navy', 'olive')],
    [
      'JAR-CORK',
      'Jar with a cork lid',
      'Borosilicate glass for tea, coffee or flour.',
      890,
      sizes('small', 'medium+300', 'large+600'),
    ],
    ['TOWEL-TEA', 'Tea towel', 'Half linen with a red stripe, as in grandmother’s kitchen.', 780],
    ['PAN-OMELETTE', 'Steel omelette pan', 'Blue steel that gets better with every egg, 24 cm.', 3900],
    ['SPOON-CHERRY', 'Cherrywood spoon', 'Carved from one piece, for stirring and for tasting.', 720],
  ],
  light: [
    [
      'CANDLE-BEESWAX',
      'Beeswax candle',
      'Burns for twelve hours with the smell of honey.',
      850,
      sizes('short', 'tall+350'),
    ],
    ['CANDLE-TEALIGHT', 'Tea lights, box of 24', 'Rapeseed wax in cups that can be filled again.', 690],
    [
      'LANTERN-STORM',
      'Storm lantern',
      'Burns in wind and rain, on paraffin or a candle.',
      3600,
      colours('black', 'red'),
    ],
    ['LAMP-DESK', 'Jointed desk lamp', 'Stays where it is put. With a warm bulb.', 7400, colours('white', 'graphite')],
    ['LAMP-PAPER', 'Paper lampshade', 'A ball of rice paper and bamboo, 45 cm across.', 1700],
    ['LIGHTS-STRING', 'String of lights', 'Ten metres with a hundred small warm lights.', 2200],
    ['MATCHES-LONG', 'Long matches', 'Forty-five matches in a glass bottle with a striker.', 540],
    ['BOTTLE-HOT', 'Hot-water bottle', 'Natural rubber in a knitted cover.', 2100, colours('cream', 'forest')],
    ['HOLDER-BRASS', 'Brass candle holder', 'With a ring for the finger, for going up to bed.', 1350],
    ['WOOD-KINDLING', 'Sack of kindling', 'Dry birch, split thin. Lights at the first match.', 1100],
  ],
  garden: [
    ['CAN-ZINC', 'Zinc watering can', 'Nine litres, with a brass rose that lifts off.', 3800],
    ['TROWEL-ASH', 'Garden trowel', 'Forged steel on an ash handle, for a lifetime of bulbs.', 1950],
    [
      'GLOVES-GOAT',
      'Gardening gloves',
      'Soft goatskin that roses do not get through.',
      2300,
      sizes('small', 'medium', 'large'),
    ],
    [
      'POT-CLAY',
      'Clay pot',
      'Frost-proof terracotta with a hole and a saucer.',
      780,
      sizes('12 cm', '18 cm+520', '24 cm+1170'),
    ],
    [
      'TWINE-JUTE',
      'Jute twine',
      'Two hundred metres on a spool that stands by itself.',
      620,
      colours('green', 'natural'),
    ],
    ['SEEDS-MEADOW', 'Meadow seeds', 'Forty kinds of native flower, enough for ten square metres.', 480],
    ['SEEDS-SALAD', 'Salad seeds', 'Five kinds to cut again and again, from April on.', 350],
    ['HOUSE-BIRD', 'Nesting box', 'Larch, with a hole for tits and a roof that lifts.', 2650],
    ['FEEDER-BIRD', 'Bird feeder', 'Steel and glass. Squirrels give up in the end.', 2900],
    [
      'CHAIR-FOLDING',
      'Folding garden chair',
      'Acacia slats on a steel frame, flat when folded.',
      5900,
      colours('green', 'white'),
    ],
  ],
  paper: [
    [
      'BOOK-NOTE',
      'Notebook, thread-bound',
      'A hundred and forty-four pages that lie flat.',
      1250,
      { Paper: ['plain', 'lined', 'dotted'] },
    ],
    ['PENCIL-CEDAR', 'Cedar pencils, six', 'Medium soft, to be sharpened with a knife.', 780],
    [
      'PEN-FOUNTAIN',
      'Fountain pen',
      'A steel nib that forgives. With a converter for bottled ink.',
      3400,
      colours('black', 'ochre'),
    ],
    [
      'INK-BOTTLE',
      'Bottle of ink',
      'Fifty millilitres that flow well and dry fast.',
      1150,
      colours('blue-black', 'sepia', 'green'),
    ],
    ['CARD-LETTERPRESS', 'Letterpress cards, five', 'Printed by hand on cotton paper, with envelopes.', 1400],
    ['PAPER-WRAPPING', 'Wrapping paper, three sheets', 'Heavy paper with a pattern of ferns.', 690],
    ['TAPE-PAPER', 'Paper tape', 'Gummed paper that tears straight and is recycled with the box.', 420],
    ['KNIFE-LETTER', 'Letter opener', 'Olive wood, so that it never cuts a finger.', 950],
    ['TRAY-DESK', 'Desk tray', 'Bent birch for a stack of paper in A4.', 3100],
    ['CALENDAR-WALL', 'Wall calendar', 'A woodcut for each month, and room for every day.', 1800],
  ],
  play: [
    ['BLOCKS-MAPLE', 'Maple blocks, forty', 'Unpainted, cut so exactly that towers stand.', 4500],
    ['CHESS-TRAVEL', 'Travelling chess', 'Magnetic pieces in a walnut box.', 3900],
    ['CARDS-PLAYING', 'Playing cards', 'Fifty-two cards and two jokers, in a tuck box.', 890, colours('red', 'blue')],
    [
      'KITE-DIAMOND',
      'Diamond kite',
      'Ripstop nylon with a long tail. Flies in a light breeze.',
      2400,
      colours('yellow', 'red'),
    ],
    ['PUZZLE-MAP', 'Puzzle of an island', 'A thousand pieces, and not one of them only sea.', 2200],
    ['TOP-SPINNING', 'Spinning top', 'Turned beech with a red stripe. Three minutes are the record.', 650],
    ['DOMINO-OAK', 'Oak dominoes', 'Twenty-eight stones with pips of brass.', 2900],
    [
      'ROPE-SKIPPING',
      'Skipping rope',
      'Cotton with turned handles, for one or for two to swing.',
      1250,
      sizes('2 m', '4 m+450'),
    ],
    ['BEAR-MOHAIR', 'Mohair bear', 'Sits, stands and listens. For children from three.', 5400],
    ['VOUCHER-GIFT', 'Workshop voucher', 'An afternoon of carving spoons, with tea. It comes by e-mail.', 4000],
  ],
}

/** What is no goods: nothing of it lies in stock. */
export const unstocked: ReadonlySet<string> = new Set(['VOUCHER-GIFT'])

/** How it is sent, in pence: to where, by what. */
export const shipping: readonly (readonly [country: string, code: string, name: string, pence: number])[] = [
  ['GB', 'standard', 'Standard, three days', 395],
  ['GB', 'express', 'Express, next day', 895],
  ['IE', 'standard', 'Standard, five days', 695],
  ['DE', 'standard', 'Standard, five days', 795],
  ['DE', 'express', 'Express, two days', 1695],
  ['FR', 'standard', 'Standard, five days', 795],
  ['FR', 'express', 'Express, two days', 1695],
  ['NL', 'standard', 'Standard, five days', 795],
  ['US', 'standard', 'Air mail, ten days', 1495],
]
