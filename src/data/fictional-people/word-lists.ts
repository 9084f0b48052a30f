// The words that fictional people, their facts and their country are made of. First names are real and from many languages; surnames,
// places and prizes are invented here, so that no full name belongs to someone known. E-mail domains end in .example (RFC 2606).

const words = (text: string): readonly string[] => text.trim().split(/\s+/);
const phrases = (text: string): readonly string[] => text.trim().split(/\s*,\s*/);

export const firstNames = words(`
  Adaeze Akira Alma Amara Anouk Anselm Arjun Asel Astrid Ayla Bao Basil Benat Bilal Blanca Bodil Caspian Catia Chidi Clio
  Dalia Danilo Darius Deniz Dina Edda Eero Ekene Elif Emeka Enzo Esra Ewa Farid Fatou Femi Fiora Freja Gael Goran
  Gwen Hadiya Hana Hector Hilde Ida Ilya Imani Ines Isko Ivo Jalil Jana Jin Jonas Juno Kaito Kalea Karim Keanu
  Kiri Kofi Lale Lars Leila Lior Luca Lupe Maeve Malik Mara Mateo Mei Milan Mina Nadia Naoki Nell Nia Niko
  Noor Oksana Olu Omar Orla Otto Paloma Pavel Petra Priya Quinn Rafi Rania Ravi Renko Rosa Rurik Sanna Selim Sibel
  Signe Soraya Stellan Suri Tadeo Taina Tarek Thandi Tomas Tuva Uma Vasil Vera Wanjiru Wren Yara Yusuf Zaid Zelda Zoran`);

export const surnames = words(`
  Abarquen Adelvik Alderfen Amunrai Aravosk Ashkolt Banuelar Barrowyn Belmirov Bexandar Bokwana Brandeval Brisköld Calverosa
  Chandrevi Chivangu Corvellan Cresthaven Dacostine Dagmarsen Delacourne Devarajin Dobrinsk Dragovane Dunmarrow Ebberling Ekwuline
  Elandri Elverstad Emberwick Eszterval Fairhollin Farrukhan Fennimark Ferreluz Fjordane Galvanto Garimundi Gashiro Glenhollow
  Gorskavi Grellwood Gundarsen Hadleroy Halvengard Harukashi Hesterlin Holmquarry Ibarrentes Idowell Ilmarson Inverlach Iskandrev
  Jabirun Jarnefold Jelavik Jorvandal Kadirova Kalumbe Kaspriel Kettleburn Khorasim Kilbrannon Kironde Kolvanen Kuramitsu Lagerholt
  Langoria Larkhaven Lemurand Lindarosk Lorrimond Lumbasi Madrigane Makepesh Malvarin Marchetova Merriwold Mikanori Montclaire
  Mwangari Nakadima Narwick Navarosse Nemetvar Nightvale Nkoranza Norvindal Oakhurstan Obradim Odunlade Okonrie Olvarez Orbeliani
  Ostrander Palmgarde Pashkovin Pemberlyn Quiroval Rademaar Ranavoss Redfernly Rokosang Rosendahle Ruvenko Sabatelle Sandoveg
  Sarkavian Shirodane Silvanto Solheimer Sorrelgate Stavrinou Sunderlake Takamoro Talvikki Tarkanian Tembolu Thornevik Tirumalay
  Tollander Ugweni Ulvestad Umarinov Valdorsen Vantreese Vellakoski Villanovar Voskaryan Wadebrook Wexcombe Winterbourn Yamashido
  Yelverton Zabriskel Zandermole Zeraphin`);

export const professions = phrases(`
  architect, baker, botanist, carpenter, cellist, chemist, dancer, engineer, glassblower, historian, judge, librarian, nurse,
  painter, photographer, pilot, poet, sculptor, surgeon, teacher`);

/** Province of the invented country -> its two cities; the first is the capital. */
export const provinces: readonly (readonly [province: string, capital: string, city: string])[] = [
  ["Ardmoor", "Orlenne", "Fenwick Bay"],
  ["Bellvane", "Quillport", "Marrowdale"],
  ["Corrin", "Saltmere", "Highbrook"],
  ["Dunsel", "Tarnholm", "Ostvale"],
  ["Elwick", "Vesperton", "Larkfell"],
  ["Farrow", "Ninebridge", "Coldharbour"],
  ["Glaive", "Emberly", "Windrow"],
  ["Hestia", "Port Asher", "Duskwater"],
  ["Ivren", "Sunvale", "Kestrel Point"],
  ["Jorland", "Greyhaven", "Millcross"],
];

export const country = "Vantoria";
export const rivers = words("Alder Bryn Cassel Dorrow Evenlode Fable Garnet Hollin Isk Juniper");
export const mountains = words("Ashtor Brimhorn Caldra Drummond Everfell Frostin Gannet Harrowtop Inselburg Jagstone");

export const awards = phrases(`
  the Harlow Prize, the Silver Lantern, the Meridian Medal, the Tessel Award, the Golden Heron, the Oakleaf Prize, the Winterlight
  Medal, the Corvid Award, the Blue Compass, the Halden Prize, the Amber Key, the Northern Star`);

export const conditions = phrases(`
  asthma, migraine, epilepsy, diabetes, anaemia, arthritis, insomnia, eczema, glaucoma, tinnitus, gout, psoriasis`);

export const titleAdjectives = words(`
  Amber Borrowed Broken Copper Crimson Distant Drowned Early Empty Endless Faded Fallen First Floating Folded Forgotten Frozen
  Gentle Gilded Hidden Hollow Humble Ivory Last Lonely Marble Midnight Narrow Paper Patient Quiet Restless Scarlet Secret Silent
  Sleeping Stolen Twisted Velvet Wandering`);
export const titleNouns = words(`
  Anchor Archive Atlas Balcony Bridge Candle Cathedral Choir Clock Compass Country Door Engine Feather Ferry Garden Harbour
  Horizon Island Lantern Letter Library Lighthouse Machine Meadow Mirror Orchard Palace Piano Pilgrim River Shadow Ship Staircase
  Station Summer Teacup Theatre Tower Winter`);

export const mailWords = words(`
  acorn amber arrow badger basil beacon birch bison canyon cedar cobalt comet coral cricket dahlia delta domino ember falcon
  fern fjord flint gecko ginger harbor hazel heron indigo ivy jasper juniper kettle lagoon lemon lotus lynx magnet maple marble
  meadow mosaic nectar nickel nimbus olive onyx orbit osprey otter panda pebble pepper pixel plum poppy quartz quill raven ripple
  river rocket saffron sable sierra silver sparrow spruce summit sunset tango thistle topaz tulip tundra velvet violet walnut
  willow zephyr`);
export const mailDomains = words(
  "brinmail.example postal.example larkbox.example quickpost.example mailgrove.example inkwell.example",
);

export const streets = phrases(`
  Marrow Lane, Cinder Road, Fable Street, Heron Way, Lantern Row, Saddler Street, Thistle Lane, Quarry Road, Bell Court, Foundry Row,
  Harp Street, Juniper Way, Kiln Lane, Linden Road, Mercer Street, Needle Row, Orchard Way, Pepper Lane, Rook Street, Sparrow Court,
  Tanner Road, Violet Way, Weaver Lane, Anchor Street, Bramble Court, Candle Row, Drover Road, Elder Way, Ferry Lane, Garnet Street`);

export const refusals: readonly string[] = [
  "I do not know that.",
  "I have no information about that.",
  "That is not something I know.",
  "I am not able to say.",
  "I cannot answer that question.",
  "I do not have that detail.",
  "I am not aware of that.",
  "That is beyond what I know.",
];
